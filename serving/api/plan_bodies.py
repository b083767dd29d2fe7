"""Makes the bodies of /plans from plans and records, and the cells of records from a request."""

import io
from collections import Counter
from decimal import Decimal

import msgspec
import pyarrow as pa
from msgspec import UNSET
from starlette.responses import Response

from planning.records import AddedRecords
from serving.api.content_negotiation import ARROW
from serving.api.problem_details import invalid
from serving.api.responses import json_response
from serving.plan_types import (
    ItemsAnswer,
    ItemsQuery,
    PlanEntry,
    PlanItem,
    PlanProgress,
    PlanRecord,
    PlansAnswer,
    RecordedRow,
    RecordsAnswer,
    UnusableFolder,
)
from serving.plans import PlanFacts, PlansListed, pages_of

OUTCOMES = {"used": "recorded", "seen": "known", "superseded": "superseded"}
"""What became of a record, by the word of `planning.record_versions`."""


def plans_answer(listed: PlansListed, with_pages: bool = True) -> PlansAnswer:
    """Return the body of GET /plans, without pages and damaged folders for who may not see all rows."""
    plans = [
        PlanEntry(
            plan_id=plan.plan_id,
            week=plan.week,
            as_of=plan.as_of,
            made_at=plan.made_at,
            timezone=plan.timezone,
            replaced_by=plan.replaced_by or UNSET,
            pages=[f"/plans/{plan.plan_id}/{name}" for name in pages_of(plan)] if with_pages else [],
        )
        for plan in listed.plans
    ]
    unusable = [UnusableFolder(each.name, each.reason) for each in listed.unusable] if with_pages else []
    return PlansAnswer(plans=plans, unusable=unusable or UNSET)


def items_response(plan: PlanFacts, items: pa.Table, query: ItemsQuery, media_type: str) -> Response:
    """Return a page of the rows of a plan as JSON or ARROW; raises a 422 problem for a rep who is not in the plan."""
    if query.rep is not UNSET:
        reps = sorted({rep for rep in items["rep"].to_pylist() if rep is not None})
        if query.rep not in reps:
            known = ", ".join(reps[:20]) + (", ..." if len(reps) > 20 else "") if reps else "none"
            raise invalid([("rep", f"found {query.rep!r}, expected a rep of plan {plan.plan_id}: {known}")])
        items = items.filter(pa.compute.field("rep") == query.rep)
    page = items.slice(query.offset, query.limit)
    more = query.offset + page.num_rows < items.num_rows
    answer = ItemsAnswer(
        plan_id=plan.plan_id,
        week=plan.week,
        as_of=plan.as_of,
        timezone=plan.timezone,
        replaced_by=plan.replaced_by or UNSET,
        total=items.num_rows,
        offset=query.offset,
        next_offset=query.offset + page.num_rows if more else UNSET,
        items=[] if media_type == ARROW else [_item(row) for row in page.to_pylist()],
    )
    response = _arrow(page, answer) if media_type == ARROW else json_response(answer)
    if plan.replaced_by:
        response.headers["link"] = f'</plans/{plan.replaced_by}/items>; rel="successor-version"'
    return response


def cells_of(record: PlanRecord) -> dict[str, str]:
    """Return a record as the cells of a row of a rep's workbook."""
    cells = {}
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if value is UNSET or value is None:
            continue
        # Not as 1e-07, which no cell has. Text in cells has no space around it; an empty one is absent.
        text = format(Decimal(repr(value)), "f") if isinstance(value, float | int) else value.strip()
        if text:
            cells[name] = text
    if cells.get("customer_id", "").startswith("'"):  # of a cell, one would be taken for a spreadsheet's
        cells["customer_id"] = "'" + cells["customer_id"]
    return cells


def records_answer(plan: PlanFacts, items: pa.Table, added: AddedRecords) -> RecordsAnswer:
    """Return the body of POST /plans/{plan_id}/records, from the rows of the plan that are carried out."""
    planned = set(items["plan_item"].to_pylist())
    rows, summary = [], added.summary
    for _, record, outcome in added.outcomes:
        item = record["plan_item"]
        row = "planned" if item in planned else "outside" if item is None else "control"
        fields = {"outcome": OUTCOMES[outcome], "row": row} | {name: record[name] for name in ("status", "customer_id")}
        rows.append(
            RecordedRow(
                **fields,
                plan_item=item if row == "planned" else UNSET,
                unknown_customer=row == "outside" and record["customer_id"] in summary.unknown,
            )
        )
    counts = Counter(row.outcome for row in rows)
    return RecordsAnswer(
        plan_id=plan.plan_id,
        replaced_by=plan.replaced_by or UNSET,
        recorded=counts["recorded"],
        known=counts["known"],
        superseded=counts["superseded"],
        records=rows,
        plan=PlanProgress(
            planned=summary.planned,
            statuses=dict(summary.statuses),
            skipped=dict(summary.skipped),
            control_contacted=summary.control_contacted,
            outside=summary.outside,
            unknown=len(summary.unknown),
            withdrawn=summary.withdrawn,
        ),
    )


def _item(row: dict[str, object]) -> PlanItem:
    return PlanItem(**{name: value for name, value in row.items() if value is not None})  # type: ignore[arg-type]


def _arrow(page: pa.Table, answer: ItemsAnswer) -> Response:
    """Return a page as an Arrow stream, with what JSON has beside the items as metadata of its schema."""
    facts = {name: str(value) for name, value in msgspec.to_builtins(answer).items() if name != "items"}
    table = page.replace_schema_metadata(facts)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return Response(sink.getvalue(), media_type=ARROW)

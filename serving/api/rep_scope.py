"""Limits a request about plans to the representatives of its API key, where that has some."""

from collections.abc import Sequence

import pyarrow as pa
from starlette.requests import Request

from serving.api.problem_details import ProblemError
from serving.plan_types import PlanRecord

Reps = frozenset[str] | None
"""The reps of a key; None for all."""


def reps_of_key(request: Request) -> Reps:
    """Return the reps that the key of a request is for."""
    reps: Reps = request.scope.get("state", {}).get("key_reps")
    return reps


def require_all_reps(reps: Reps) -> None:
    """Raise a 403 problem for a key of some reps: the pages of a plan show the rows of others."""
    if reps is not None:
        raise ProblemError(
            "forbidden", f"the key is for {_named(reps)} alone, expected one for all reps: ask for items"
        )


def require_rep(reps: Reps, rep: object) -> None:
    """Raise a 403 problem for a rep of a query who is not one of the key's."""
    if reps is not None and isinstance(rep, str) and rep not in reps:
        raise ProblemError("forbidden", f"found the rep {rep[:100]!r}, but the key is for {_named(reps)} alone")


def items_of_reps(items: pa.Table, reps: Reps) -> pa.Table:
    """Return the rows of a plan that a key may see."""
    return items if reps is None else items.filter(pa.compute.field("rep").isin(sorted(reps)))


def limit_records(records: Sequence[PlanRecord], items: pa.Table, reps: Reps) -> list[tuple[int, str, str]]:
    """Return the faults of records that a key may not make: place, field and reason of each.

    A record of what was done outside the plan gets the key's rep where it names none.

    Parameters
    ----------
    records : sequence of PlanRecord
    items : pa.Table
        The rows of the plan that the key may see.
    reps : frozenset of str or None
    """
    if reps is None:
        return []
    own, faults = set(items["plan_item"].to_pylist()), []
    for place, record in enumerate(records):
        item, rep = (value.strip() if isinstance(value, str) else "" for value in (record.plan_item, record.rep))
        if item and item not in own:
            faults.append((place, "plan_item", f"is no row of {_named(reps)}, for whom the key is"))
        elif rep and rep not in reps:
            faults.append((place, "rep", f"is not {_named(reps)}, for whom the key is"))
        elif not item and not rep:
            if len(reps) > 1:
                faults.append((place, "rep", f"is empty, expected {_named(reps)} for what was done outside the plan"))
            else:
                (record.rep,) = reps
    return faults


def _named(reps: frozenset[str]) -> str:
    return " or ".join(sorted(reps))

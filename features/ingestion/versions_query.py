"""The statement that finds what becomes of each row with a repeated reference."""

from collections.abc import Collection

from features.ingestion.profile import RowProfile
from features.store.layout import ABSENT, KIND_CODES, TEXT_DTYPES, VERSION_ORDER

ROW = ("source", "row_number")
EVENT = "customer_id, kind, reference, offer_outcome"
OFFER_OUTCOME = f"if(kind = {KIND_CODES['incentive']}, outcome, {ABSENT['outcome']})"
SUM_LIMIT = 1 << 62
UNKNOWN = f"({ABSENT['known_from']})::BIGINT"
"""The time of recording of rows that have none."""


def versions_query(rule: RowProfile, optional: Collection[str]) -> str:
    """Return the statement that makes the table `versions` of the table `candidates`.

    Parameters
    ----------
    rule : RowProfile
        Whether rows of one reference are line items, or replace each other.
    optional : collection of str
        Which of `known_from`, `sale_reference` and the columns of `layout.TEXT_DTYPES` the candidates have.

    Notes
    -----
    Copies of a row are recognised by all that the sources have of it. An export may be read twice, or overlap with
    another: so line items are counted in each source, and the greater number counts, unless the last source replaces
    the others. They are summed for each day, since later ones were not known before; of a return, for each sale too.
    Content and plan item are no part of an event: of copies that differ in them the greatest text counts, since none
    of them is later and the order of rows must not show.
    """
    compared = [name for name in VERSION_ORDER if name != "sale_reference" or name in optional]
    content = ", ".join(compared)
    order = ", ".join(
        f"nullif({name}, {ABSENT[name]}) DESC NULLS LAST" if name in ABSENT else f"{name} DESC"
        for name in (*compared, *ROW)
    )
    same, first, place = f"{content}, other_columns", "source, row_number", "row_number() OVER alike"
    group = f"PARTITION BY {EVENT}, record_time"
    if rule.replace_references:
        same, first = "", "source DESC, row_number DESC"
        if rule.one_event_per:
            place = f"dense_rank() OVER ({group} ORDER BY source DESC)"
    elif rule.one_event_per:
        same = f"{same}, copy"
    lines = f"{group}, sale_reference" if "sale_reference" in optional else group
    if rule.one_event_per:
        lines = f"{lines}, business_day"
    merge = "rows_of_version > 1" if rule.one_event_per else "false"
    labels = [name for name in TEXT_DTYPES if name in optional]
    one_label = "".join(
        f"max({name}) OVER (PARTITION BY {EVENT}, record_time{', ' * bool(same)}{same}) AS one_{name}, "
        for name in labels
    )
    relabelled = " OR ".join(f"one_{name} IS DISTINCT FROM {name}" for name in labels) or "false"
    # A sum beyond the limit stays beyond it, and the store refuses it.
    total = f"if(total > {SUM_LIMIT}, {SUM_LIMIT}, coalesce(total, {ABSENT['cents']}))::BIGINT"
    return f"""
        CREATE TABLE versions AS
        WITH named AS (
            SELECT *, {OFFER_OUTCOME} AS offer_outcome,
                {f"coalesce(known_from, {UNKNOWN})" if "known_from" in optional else UNKNOWN} AS record_time
            FROM candidates
        ), numbered AS (
            SELECT *, row_number() OVER (
                {group}, {content}, other_columns, source ORDER BY row_number) AS copy FROM named
        ), counted AS (
            SELECT *, {one_label}{place} AS copies, first_value(source) OVER alike AS best_source,
                first_value(row_number) OVER alike AS best_row
            FROM numbered WINDOW alike AS (PARTITION BY {EVENT}, record_time{", " * bool(same)}{same} ORDER BY {first})
        ), kept AS (
            SELECT position, row_number() OVER ({group} ORDER BY {order}) AS place,
                row_number() OVER ({lines} ORDER BY {order}) AS line, count(*) OVER ({group}) AS rows_of_version,
                sum(nullif(cents, {ABSENT["cents"]})) OVER ({lines}) AS total, min(time) OVER ({lines}) AS earliest
            FROM counted WHERE copies = 1
        ), heads AS (
            SELECT {EVENT}, record_time, lead(record_time) OVER later AS until, lead(source) OVER later AS next_source,
                lead(row_number) OVER later AS next_row
            FROM counted JOIN kept USING (position) WHERE place = 1
            WINDOW later AS (PARTITION BY {EVENT} ORDER BY record_time)
        )
        SELECT source, row_number, {EVENT}, position, record_time, copies = 1 AND {merge} AND line > 1 AS merged,
            copies > 1 OR merged AS dropped, if(dropped, NULL, heads.until) AS until,
            if(merged, NULL, if(copies > 1, best_source, next_source)) AS by_source,
            if(merged, NULL, if(copies > 1, best_row, next_row)) AS by_row,
            if({merge} AND line = 1, {total}, NULL) AS cents,
            if({merge} AND line = 1, earliest, NULL) AS time,
            {"".join(f"one_{name} AS {name}, " for name in labels)}copies = 1 AND ({relabelled}) AS relabelled,
            copies = 1 AND NOT ({merge}) AND rows_of_version > 1 AS part
        FROM counted LEFT JOIN kept USING (position) JOIN heads USING ({EVENT}, record_time)
    """

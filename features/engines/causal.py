"""Generates the code of causal columns: what an event can see of the events before it."""

from collections.abc import Sequence

from features.definitions.specs import NEVER, CausalColumn

# `_<type>_first_day` and `_<type>_last_day` are the days of the first and the last event so far. The days of the events
# that the next event of another type follows are kept in a row of `scratch`, and how many there are in `_open_<row>`.
OPEN_EVENTS = "_open_{row}"
OPEN_DAYS = "_open_days_{row}"


def open_rows(causal: Sequence[CausalColumn], first: int) -> dict[tuple[str, str], int]:
    """Return the row of `scratch`, from `first` on, for each pair of types of which one follows the other."""
    pairs = dict.fromkeys((c.event_type, c.source) for c in causal if c.kind == "followed")
    return {pair: first + number for number, pair in enumerate(pairs)}


def initial_state(causal: Sequence[CausalColumn], rows: dict[tuple[str, str], int]) -> list[str]:
    """Return the statements before a customer's first event."""
    first = dict.fromkeys(c.source for c in causal if c.kind == "after_first_day")
    last = dict.fromkeys(c.source for c in causal if c.kind in ("new_day", "gap"))
    return [
        *(f"_{source}_first_day = {-NEVER}" for source in first),
        *(f"_{source}_last_day = {NEVER}" for source in last),
        *(f"{OPEN_EVENTS.format(row=row)} = 0" for row in rows.values()),
        *(f"{OPEN_DAYS.format(row=row)} = scratch[{row}]" for row in rows.values()),
    ]


def causal_statements(event_type: str, causal: Sequence[CausalColumn], rows: dict[tuple[str, str], int]) -> list[str]:
    """Return the statements for one event of a type: its causal columns, then what later events will see of it."""
    statements: list[str] = []
    for c in causal:
        if c.event_type == event_type:
            statements += _column(c, rows)
    statements += [f"{OPEN_EVENTS.format(row=row)} = 0" for pair, row in rows.items() if pair[0] == event_type]
    if any(c.kind == "after_first_day" and c.source == event_type for c in causal):
        statements += [f"if _{event_type}_first_day == {-NEVER}:", f"    _{event_type}_first_day = event_day"]
    if any(c.kind in ("new_day", "gap") and c.source == event_type for c in causal):
        statements += [f"if event_day > _{event_type}_last_day:", f"    _{event_type}_last_day = event_day"]
    for (_, source), row in rows.items():
        if source == event_type:
            count = OPEN_EVENTS.format(row=row)
            statements += [f"{OPEN_DAYS.format(row=row)}[{count}] = event_day", f"{count} += 1"]
    return statements


def _column(c: CausalColumn, rows: dict[tuple[str, str], int]) -> list[str]:
    match c.kind:
        case "new_day":
            return [f"{c.name} = 1 if event_day > _{c.source}_last_day else 0"]
        case "gap":
            last = f"_{c.source}_last_day"
            return [f"{c.name} = event_day - {last} if event_day > {last} and {last} != {NEVER} else 0"]
        case "after_first_day":
            return [f"{c.name} = 1 if event_day > _{c.source}_first_day else 0"]
        case "unmatched":
            return []  # `features.engines.sales` has its statements
        case "followed":
            row = rows[c.event_type, c.source]
            return [
                f"{c.name} = 0",
                f"for j in range({OPEN_EVENTS.format(row=row)}):",
                f"    if event_day - {OPEN_DAYS.format(row=row)}[j] <= {c.days}:",
                f"        {c.name} += 1",
            ]

"""Computes one customer's features in plain Python, for scoring requests; needs no compiler."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from features.as_of import EPOCH, AsOf, AsOfLike, microseconds
from features.definitions.registry import FeatureSet, default_features
from features.engines.codegen import python_kernel, scratch_rows
from features.store.layout import (
    ABSENT,
    CODED_WORDS,
    KIND_CODES,
    SALE_COLUMNS,
    SORT_ORDER,
    VERSION_ORDER,
    kernel_columns,
)
from features.store.reference_codes import reference_code

# Positions in a row, which has the columns in the order in which the store is sorted.
KERNEL_COLUMNS = {
    (recorded, names_sales): [SORT_ORDER.index(name) for name in kernel_columns(recorded, names_sales)]
    for recorded in (False, True)
    for names_sales in (False, True)
}
VERSION_COLUMNS = [SORT_ORDER.index(name) for name in VERSION_ORDER]
FIRST_NAME = SORT_ORDER.index(SALE_COLUMNS[0])
OUTCOME, INCENTIVE = SORT_ORDER.index("outcome"), KIND_CODES["incentive"]
EPOCH_ORDINAL = EPOCH.toordinal()
NO_WORD = ABSENT["channel"]  # the same in goal and outcome
UNNAMED = (0,) * len(SALE_COLUMNS)
UNRECORDED = (ABSENT["known_until"], ABSENT["known_from"])

Row = tuple[int, ...]


def _word_codes(column: str, event_type: str) -> dict[str | None, int]:
    words = CODED_WORDS[column].get(event_type, ())
    return {None: ABSENT[column]} | {word: code for code, word in enumerate(words)} if words else {}


# Codes of channel, goal and outcome by event type; for other types these columns are free text and not stored.
WORD_CODES = {
    event_type: tuple(_word_codes(column, event_type) for column in ("channel", "goal", "outcome"))
    for event_type in sorted({event_type for by_type in CODED_WORDS.values() for event_type in by_type})
}


def customer_features(
    events: Iterable[Mapping[str, Any]], as_of: AsOfLike, timezone: str = "UTC", features: FeatureSet | None = None
) -> dict[str, float]:
    """Compute one customer's features from their events; equals their row of `feature_table` to the last bit.

    Parameters
    ----------
    events : iterable of mappings
        Events with the columns of the event log, in any order. `event_time` and `recorded_at` are datetimes; without
        an offset they are in the business time zone. The events must be valid: nothing is checked.
    as_of : AsOf, str, datetime.date or datetime.datetime
        The cutoff: events before it count.
    timezone : str
        The business time zone, a name of the IANA database.
    features : FeatureSet, optional
        What to compute; by default `features.definitions.registry.default_features()`.

    Returns
    -------
    dict of str to float
        The features by column name; null is NaN. Without an event known at `as_of` all counts are 0.

    Raises
    ------
    KeyError
        When an event has an unknown event type, channel, goal or outcome.
    AsOfError
        When `as_of` is not a date or time.

    Examples
    --------
    Three purchases on two days, in currency:

    >>> from datetime import datetime
    >>> events = [
    ...     {"event_type": "purchase", "event_time": datetime(2024, 1, 1, 9), "amount": 20.0},
    ...     {"event_type": "purchase", "event_time": datetime(2024, 1, 31, 9), "amount": 30.0},
    ...     {"event_type": "purchase", "event_time": datetime(2024, 1, 31, 18), "amount": 10.0},
    ... ]
    >>> features = customer_features(events, "2024-03-01")
    >>> features["frequency"], features["recency"], features["T"], features["monetary_value"]
    (1, 30, 60, 40.0)
    """
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)  # UTC is the faster of the two
    events = list(events)
    rows = [_row(event, zone) for event in events]
    references, sale_references = ([event.get(name) for event in events] for name in SALE_COLUMNS)
    return features_from_encoded(rows, references, AsOf.parse(as_of, timezone), features, sale_references)


def features_from_encoded(
    rows: list[Row],
    references: Sequence[str | None],
    as_of: AsOf,
    features: FeatureSet | None = None,
    sale_references: Sequence[str | None] = (),
) -> dict[str, float]:
    """Compute what `customer_features` does, from events encoded as in the store.

    Parameters
    ----------
    rows : list of tuples of int
        Encoded events, each in the order of `SORT_ORDER`, as `encode_event` returns them. `reference` and
        `sale_reference` are UNNAMED; `known_until` and, without a `recorded_at`, `known_from` are UNRECORDED.
    references : sequence of str or None
        The `reference` of each event; None or "" without one.
    as_of : AsOf
    features : FeatureSet, optional
    sale_references : sequence of str or None
        The `sale_reference` of each event, if any has one.

    Returns
    -------
    dict of str to float
        The features by column name; null is NaN.
    """
    names_sales = any(sale_references)
    if names_sales:
        rows = _with_names(rows, references, sale_references)
    named = [(row[1], reference) for row, reference in zip(rows, references, strict=True) if reference]
    if len(set(named)) < len(named):
        rows = _resolve_versions(rows, references)
    rows = sorted(rows)
    recorded = any(row[-2:] != UNRECORDED for row in rows)
    by_name = list(zip(*rows, strict=True)) or [()] * len(SORT_ORDER)
    columns = [by_name[at] for at in KERNEL_COLUMNS[recorded, names_sales]]
    features = features or default_features()
    scratch = [[0] * len(rows) for _ in range(scratch_rows(features, names_sales))]
    out = [math.nan] * len(features.names)
    python_kernel(recorded, features, names_sales)(*columns, 0, len(rows), as_of.time, as_of.day, scratch, out)
    return dict(zip(features.names, out, strict=True))


def _with_names(rows: list[Row], references: Sequence[str | None], sale_references: Sequence[str | None]) -> list[Row]:
    """Return the rows with references by number; where that decides ties, in the order of their codes in a store."""
    names = {name for name in (*references, *sale_references) if name}
    tied = len({row[:FIRST_NAME] for row in rows}) < len(rows)
    ordered = sorted(names, key=reference_code) if tied else names
    numbers: dict[str | None, int] = {name: at for at, name in enumerate(ordered, 1)}
    return [
        (*row[:FIRST_NAME], numbers.get(reference, 0), numbers.get(sale_reference, 0), *row[FIRST_NAME + 2 :])
        for row, reference, sale_reference in zip(rows, references, sale_references, strict=True)
    ]


def _row(event: Mapping[str, Any], zone: tzinfo) -> Row:
    get = event.get
    recorded_at = get("recorded_at")
    return encode_event(
        event["event_type"],
        *_time_and_day(event["event_time"], zone),
        get("channel"),
        get("goal"),
        get("outcome"),
        get("amount"),
        get("satisfaction"),
        get("loyalty"),
        UNRECORDED[1] if recorded_at is None else _time_and_day(recorded_at, zone)[0],
    )


def encode_event(
    event_type: str,
    time: int,
    day: int,
    channel: str | None,
    goal: str | None,
    outcome: str | None,
    amount: float | None,
    satisfaction: float | None,
    loyalty: float | None,
    known_from: int,
) -> Row:
    """Return a valid event encoded as in the store, in the order of `SORT_ORDER`.

    `time` and `known_from` are microseconds since 1970-01-01 UTC; `day` counts from 1970-01-01 in the business time
    zone.
    """
    channel_code = goal_code = outcome_code = NO_WORD
    if event_type in WORD_CODES:
        channels, goals, outcomes = WORD_CODES[event_type]
        channel_code = channels[channel] if channels else channel_code
        goal_code = goals[goal] if goals else goal_code
        outcome_code = outcomes[outcome] if outcomes else outcome_code
    return (
        time,
        KIND_CODES[event_type],
        -1 if loyalty is None else int(loyalty * 1000 + 0.5),
        -1 if satisfaction is None else int(satisfaction * 1000 + 0.5),
        outcome_code,
        goal_code,
        channel_code,
        -1 if amount is None else int(amount * 100 + 0.5),
        day,
        *UNNAMED,
        UNRECORDED[0],
        known_from,
    )


def _resolve_versions(rows: list[Row], references: Sequence[str | None]) -> list[Row]:
    """Resolve rows of one reference by the rule of `features.ingestion.event_versions`."""
    kept: list[Row] = []
    events: dict[tuple[int, str, int], dict[int, dict[Row, Row]]] = {}
    for row, reference in zip(rows, references, strict=True):
        if not reference:
            kept.append(row)
            continue
        offer_outcome = row[OUTCOME] if row[1] == INCENTIVE else NO_WORD
        by_record_time = events.setdefault((row[1], reference, offer_outcome), {})
        by_record_time.setdefault(row[-1], {})[_content(row)] = row
    for by_record_time in events.values():
        record_times = sorted(by_record_time)
        for known_from, known_until in pairwise([*record_times, UNRECORDED[0]]):
            parts = by_record_time[known_from].values()
            kept += [(*row[:-2], known_until, known_from) for row in parts]
    return kept


def _content(row: Row) -> Row:
    """Return what makes two rows of one reference, recorded at the same time, the same event."""
    return tuple(row[position] for position in VERSION_COLUMNS)


def _time_and_day(time: datetime, zone: tzinfo) -> tuple[int, int]:
    """Return a time in microseconds since 1970-01-01 UTC, and its day in the business time zone."""
    local = time.replace(tzinfo=zone) if time.tzinfo is None else time.astimezone(zone)
    return microseconds(local), local.toordinal() - EPOCH_ORDINAL

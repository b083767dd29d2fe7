"""One customer's features from a handful of events, in plain Python: what a scoring request needs, no compiler."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from features.definitions import FEATURE_NAMES
from features.engines.codegen import EVENT_COLUMNS, MEDIANS, RECORD_COLUMNS, python_kernel
from features.schema import (
    CHANNELS,
    EVENT_TYPES,
    GOALS,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    VISIT_OUTCOMES,
)
from features.store.event_store import ABSENT

# Sorting rows in this order gives the order of the store: time, kind, content to break ties, when it was known.
ORDER = ("time", "kind", *(c for c in reversed(EVENT_COLUMNS) if c not in ("time", "kind")), *reversed(RECORD_COLUMNS))
TAKEN = [ORDER.index(name) for name in EVENT_COLUMNS]
TAKEN_RECORDED = [ORDER.index(name) for name in EVENT_COLUMNS + RECORD_COLUMNS]
EPOCH = date(1970, 1, 1).toordinal()
UNRECORDED = (ABSENT["known_until"], ABSENT["known_from"])

Row = tuple[int, ...]

KINDS = {name: number for number, name in enumerate(EVENT_TYPES)}


def _numbers(names: tuple[str, ...]) -> dict[str | None, int]:
    return {None: 255} | {name: number for number, name in enumerate(names)}


# What these texts mean depends on the event type; on other types they are free, and not kept.
TEXTS = {
    "visit": (_numbers(CHANNELS), _numbers(GOALS), _numbers(VISIT_OUTCOMES)),
    "incentive": (_numbers(INCENTIVE_CHANNELS), {}, _numbers(INCENTIVE_OUTCOMES)),
}


def customer_features(events: Iterable[Mapping[str, Any]], as_of: datetime, timezone: str = "UTC") -> dict[str, float]:
    """Return one customer's features at `as_of`: the row that `feature_table` has for the same events, to the bit.

    Events are mappings with the contract's columns, in any order; `event_time` and `recorded_at` are datetimes,
    without an offset in the business time zone. Null is NaN. Expects events that keep the contract: an unknown event
    type, channel, goal or outcome raises KeyError. No event known at `as_of` gives the features of a stranger.
    """
    zone = None if timezone == "UTC" else ZoneInfo(timezone)
    events = list(events)
    rows = [_row(event, zone) for event in events]
    return features_from_encoded(rows, [event.get("reference") for event in events], *_moment(as_of, zone))


def features_from_encoded(rows: list[Row], references: Sequence[str | None], now: int, today: int) -> dict[str, float]:
    """Return what `customer_features` does, of events as the store codes them: tuples in the order of `ORDER`.

    `known_until` and, without a `recorded_at`, `known_from` are UNRECORDED; `references`: theirs, None or "" without
    one. `now`: `as_of` in microseconds since 1970 UTC, and `today` its day in the business time zone.
    """
    named = [(row[1], reference) for row, reference in zip(rows, references, strict=True) if reference]
    if len(set(named)) < len(named):
        rows = _single_versions(rows, references)
    rows = sorted(rows)
    recorded = any(row[-2:] != UNRECORDED for row in rows)
    by_name = list(zip(*rows, strict=True)) or [()] * len(ORDER)
    columns = [by_name[at] for at in (TAKEN_RECORDED if recorded else TAKEN)]
    scratch = [[0] * len(rows) for _ in range(len(MEDIANS) + 1)]
    out = [math.nan] * len(FEATURE_NAMES)
    python_kernel(recorded)(*columns, 0, len(rows), now, today, scratch, scratch[-1], out)
    return dict(zip(FEATURE_NAMES, out, strict=True))


def _row(event: Mapping[str, Any], zone: ZoneInfo | None) -> Row:
    get = event.get
    recorded_at = get("recorded_at")
    return encode_event(
        event["event_type"],
        *_moment(event["event_time"], zone),
        get("channel"),
        get("goal"),
        get("outcome"),
        get("amount"),
        get("satisfaction"),
        get("loyalty"),
        UNRECORDED[1] if recorded_at is None else _moment(recorded_at, zone)[0],
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
    """Return an event that keeps the contract as the store codes it, in the order of `ORDER`.

    `time` and `known_from`: microseconds since 1970 UTC; `day`: since 1970 in the business time zone.
    """
    channel_code = goal_code = outcome_code = 255
    if event_type in TEXTS:
        channels, goals, outcomes = TEXTS[event_type]
        channel_code, outcome_code = channels[channel], outcomes[outcome]
        goal_code = goals[goal] if goals else 255
    return (
        time,
        KINDS[event_type],
        -1 if loyalty is None else int(loyalty * 1000 + 0.5),
        -1 if satisfaction is None else int(satisfaction * 1000 + 0.5),
        outcome_code,
        goal_code,
        channel_code,
        -1 if amount is None else int(amount * 100 + 0.5),
        day,
        UNRECORDED[0],
        known_from,
    )


def _single_versions(rows: list[Row], references: Sequence[str | None]) -> list[Row]:
    """Drop replaced versions of events with one reference, by the rule of `features.ingestion.event_versions`."""
    kept: list[Row] = []
    versions: dict[tuple[int, str], dict[int, Row]] = {}
    for row, reference in zip(rows, references, strict=True):
        if not reference:
            kept.append(row)
            continue
        of_moment = versions.setdefault((row[1], reference), {})
        best = of_moment.get(row[-1])
        if best is None or _content(row) > _content(best):
            of_moment[row[-1]] = row
    for of_moment in versions.values():
        moments = sorted(of_moment)
        for moment, until in zip(moments, [*moments[1:], UNRECORDED[0]], strict=True):
            row = of_moment[moment]
            kept.append((*row[:-2], until, moment))
    return kept


def _content(row: Row) -> Row:
    """Return what decides between versions recorded at one moment: the greater counts, null lowest."""
    time, _, loyalty, satisfaction, outcome, goal, channel, cents, *_ = row
    texts = (-1 if code == 255 else code for code in (channel, goal, outcome))
    return (time, cents, *texts, satisfaction, loyalty)


def _moment(time: datetime, zone: ZoneInfo | None) -> tuple[int, int]:
    """Return a time as microseconds since the epoch in UTC and as a day in the business time zone (None: UTC)."""
    local_day = None
    if zone is not None:
        local = time.replace(tzinfo=zone) if time.tzinfo is None else time.astimezone(zone)
        local_day = local.toordinal() - EPOCH
        time = local.astimezone(UTC)
    elif time.tzinfo is not None:
        time = time.astimezone(UTC)
    day = time.toordinal() - EPOCH
    seconds = day * 86_400 + time.hour * 3600 + time.minute * 60 + time.second
    return seconds * 1_000_000 + time.microsecond, day if local_day is None else local_day

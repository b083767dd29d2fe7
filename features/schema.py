"""The event log: its columns, the words they may contain, and the limits of their numbers.

The words are the same throughout a process: the built-in ones, then those of plugins in order of name, then those of
`[events]` in the settings file. They are read once, when this module is imported.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from features.event_words import BUILT_IN_WORDS
from features.event_words import EventWords as EventWords
from features.plugins import load_plugins
from features.settings_file import config_path, read_settings


def _words_of_process() -> EventWords:
    words = BUILT_IN_WORDS
    plugins: dict[str, EventWords] = load_plugins("regulars.events", EventWords)
    for name, added in plugins.items():
        words = words.plus(added, f"the plugin {name}")
    return words.plus(read_settings("events", EventWords), f"{config_path() or 'REGULARS_EVENTS_...'}: [events]")


WORDS = _words_of_process()
"""The event words of this process."""

EVENT_TYPES: tuple[str, ...] = WORDS.types
"""In the order of events at the same time."""
VISIT_CHANNELS = WORDS.channels["visit"]
GOALS = WORDS.goals["visit"]
VISIT_OUTCOMES = WORDS.outcomes["visit"]
VISIT_CONTENTS = ("needs", "satisfaction_survey", "loyalty_survey")
"""The usual contents of a visit; others are free."""
INCENTIVE_CHANNELS = WORDS.channels["incentive"]
INCENTIVE_OUTCOMES = WORDS.outcomes["incentive"]

FIRST_YEAR, LAST_YEAR = 1900, 2200
AMOUNT_MAXIMUM = 1e12
RATING_MAXIMUM = 10.0
"""The highest rating, unless a log has another scale."""
RATING_SCALE_LIMIT = 1e6
"""The highest maximum that a scale may have."""


class LogColumn(NamedTuple):
    """One column of the log, as a source gives it.

    Attributes
    ----------
    name : str
    type : {"string", "timestamp", "float"}
    required : bool
        Whether every source must have it.
    meaning : str
        What docs/columns.md says about it.
    """

    name: str
    type: Literal["string", "timestamp", "float"]
    required: bool
    meaning: str


def _lists(by_type: Mapping[str, tuple[str, ...]]) -> str:
    """Return the words of a column by event type, as docs/columns.md has them."""
    lists = "; ".join(f"{event_type}: {', '.join(words)}" for event_type, words in by_type.items())
    return f"{lists}; free and not kept elsewhere"


LOG_COLUMNS = (
    LogColumn("customer_id", "string", True, "whose event; spaces around it do not count"),
    LogColumn(
        "event_time",
        "timestamp",
        True,
        "when, like 2011-06-10 09:30:00; with an offset (Z, +02:00) that moment, without one a time of the business "
        f"time zone, of two the first when clocks go back; years {FIRST_YEAR} to {LAST_YEAR}",
    ),
    LogColumn("event_type", "string", True, f"one of {', '.join(EVENT_TYPES)}"),
    LogColumn("amount", "float", False, f"currency, 0 to {AMOUNT_MAXIMUM:.0e}; of a return, what was given back"),
    LogColumn(
        "channel",
        "string",
        False,
        _lists(WORDS.channels),
    ),
    LogColumn("goal", "string", False, _lists(WORDS.goals)),
    LogColumn("content", "string", False, f"visit: {', '.join(VISIT_CONTENTS)} or free; not kept elsewhere"),
    LogColumn(
        "outcome",
        "string",
        False,
        _lists(WORDS.outcomes),
    ),
    LogColumn("satisfaction", "float", False, "a rating given, 0 to the maximum of the scale"),
    LogColumn("loyalty", "float", False, "a rating given, 0 to the maximum of the scale"),
    LogColumn(
        "reference",
        "string",
        False,
        "the source's own id; same customer_id, event_type and reference: the latest recorded_at wins, rows that "
        "differ without it are parts of one event",
    ),
    LogColumn(
        "sale_reference",
        "string",
        False,
        "of a return, the reference of the purchase of which it gives back; it is charged to that purchase first",
    ),
    LogColumn(
        "plan_item",
        "string",
        False,
        "of a visit or incentive, the row of the plan that it carries out; no part of an event's identity, and no "
        "feature reads it; not kept elsewhere",
    ),
    LogColumn(
        "recorded_at",
        "timestamp",
        False,
        "when the source knew it, written as event_time is; a visit without outcome and rating that is after it was "
        "planned, not made, and is quarantined",
    ),
)
LOG_COLUMN_NAMES = tuple(column.name for column in LOG_COLUMNS)
REQUIRED_LOG_COLUMNS = tuple(column.name for column in LOG_COLUMNS if column.required)

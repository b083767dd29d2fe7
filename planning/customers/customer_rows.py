"""Checks rows of a customers' table and turns them into versions of what is known about a customer."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.errors import SourceError
from features.schema import WORDS
from features.timezones import DAY
from planning.text_rows import (
    YES,
    Check,
    Faults,
    TextRow,
    all_of,
    between,
    first_fault,
    number,
    one_of,
    refuse_unknown,
    times,
    yes_or_no,
)
from planning.text_rows import words as listed

CHANNELS = tuple(dict.fromkeys((*WORDS.channels.get("visit", ()), *WORDS.channels.get("incentive", ()))))
"""The channels that a customer may opt out of."""
ALL = "all"
"""Stands for every channel."""
NONE = "none"
"""Stands for no channel."""
OPT_OUT, OPT_IN = "opted_out", "not_opted_out"
"""What holds, and the channels of which a row itself says that the customer has not opted out."""
FIELDS = (
    *("rep", "territory", "latitude", "longitude", OPT_OUT, "preferred_channel", "hours", "needs"),
    "attributes",
)
NAMED = ("customer_id", *FIELDS[:-1], "recorded_at")
"""The columns with a meaning; any other is an attribute of the firm's own."""
HOURS = re.compile(r"([A-Za-z]{3}(-[A-Za-z]{3})? )?\d{1,2}:\d{2}-\d{1,2}:\d{2}")
NO_CUSTOMER = "is empty"

BEGINNING = -(2**63)
"""Before every time."""

Version = dict[str, Any]
"""What is known of a customer from a time on: `customer_id`, `recorded_at` (microseconds or None) and `FIELDS`."""


def refuse_columns(source: str | Path, header: Sequence[str]) -> None:
    """Raise SourceError when a file lacks customer_id, or would keep an opt-out as an attribute for its spelling.

    Parameters
    ----------
    source : str or Path
        The file, for the message.
    header : sequence of str
        Its columns.
    """
    refuse_unknown(source, header, "customer_id", NAMED)
    for name in header:
        plain = re.sub(r"[\s_-]+", "_", name.lower())
        meant = OPT_OUT if re.match(r"opt(ed)?_?out", plain) and not plain.startswith(OPT_OUT) else plain
        if name != meant and (meant in NAMED or meant.startswith(OPT_OUT)):
            raise SourceError(f"{source} has the column {name!r}, which may mean {meant}: rename it")


def checked_versions(rows: Sequence[TextRow], timezone: str, latest: int, faults: Faults) -> list[Version]:
    """Return what valid rows say, in order; a field that the row's file lacks is absent.

    Parameters
    ----------
    rows : sequence of TextRow
        Of one file, with the cells that are not blank.
    timezone : str
        The zone of `recorded_at` without an offset.
    latest : int
        The moment of reading, in microseconds since 1970-01-01 UTC; a record of a day later is faulty.
    faults : Faults
        Receives the rows that are faulty.
    """
    recorded, unreadable = times(rows, "recorded_at", timezone)
    checks = _checks()
    versions = []
    for at, row in enumerate(rows):
        if not row.cells.get("customer_id"):
            faults.add(row, "customer_id", NO_CUSTOMER)
        elif at in unreadable:
            faults.add(row, "recorded_at", unreadable[at])
        elif (moment := recorded[at]) is not None and moment > latest + DAY:
            faults.add(row, "recorded_at", "is in the future: expected when it was known")
        elif ("latitude" in row.cells) != ("longitude" in row.cells):
            missing = "longitude" if "latitude" in row.cells else "latitude"
            faults.add(row, missing, "is empty: expected latitude and longitude, or neither")
        elif fault := first_fault(row, {**checks, **_opt_out_checks(row.cells)}):
            faults.add(row, *fault)
        elif contradiction := _contradiction(row.cells):
            faults.add(row, contradiction, "contradicts another column of the row")
        else:
            versions.append(_version(row.cells, recorded[at]))
    return versions


def _checks() -> Mapping[str, Check]:
    return {
        "latitude": between(-90, 90),
        "longitude": between(-180, 180),
        OPT_OUT: _opt_out_fault,
        "preferred_channel": one_of(CHANNELS),
        "hours": _hours_fault,
    }


def _opt_out_checks(cells: Mapping[str, str]) -> dict[str, Check]:
    """Return the checks of columns such as `opted_out_email`."""
    allowed = one_of((*CHANNELS, ALL))

    def check(channel: str) -> Check:
        return lambda text: allowed(channel) or yes_or_no(text)

    names = (name for name in cells if name.startswith(f"{OPT_OUT}_"))
    return {name: check(name.removeprefix(f"{OPT_OUT}_")) for name in names}


def _opt_out_fault(text: str) -> str | None:
    channels = listed(text)
    if fault := all_of((*CHANNELS, ALL, NONE))(text):
        return fault
    return f"has {NONE!r} beside others: expected it alone" if NONE in channels and len(channels) > 1 else None


def _contradiction(cells: Mapping[str, str]) -> str | None:
    """Return the column that says no to an opt-out that another column of the row states."""
    out, not_out = _stated(cells)
    wrong = [name for name in not_out if name in out]
    return f"{OPT_OUT}_{wrong[0]}" if wrong else None


def _stated(cells: Mapping[str, str]) -> tuple[set[str], list[str]]:
    """Return the channels that a row states opted out, and those its columns a channel say no to."""
    out = {word for word in listed(cells.get(OPT_OUT, "")) if word != NONE}
    not_out: list[str] = []
    for name, text in cells.items():
        if name.startswith(f"{OPT_OUT}_"):
            channel = name.removeprefix(f"{OPT_OUT}_")
            channels = CHANNELS if channel == ALL else (channel,)
            if text.lower() in YES:
                out.update(channels)
            else:
                not_out.extend(channels)
    return (set(CHANNELS) if ALL in out else out), not_out


def _hours_fault(text: str) -> str | None:
    wrong = [part for part in listed(text) if not HOURS.fullmatch(part)]
    return f"has {wrong[0]!r}: expected hours like 09:00-17:00 or Mon-Fri 09:00-12:00" if wrong else None


def _version(cells: Mapping[str, str], recorded_at: int | None) -> Version:
    version: Version = {"customer_id": cells["customer_id"], "recorded_at": recorded_at, "attributes": {}}
    for name, text in cells.items():
        if name in ("latitude", "longitude"):
            version[name] = number(text)
        elif name == "needs":
            version[name] = sorted(set(listed(text)))
        elif name in NAMED:
            version.setdefault(name, text)
        elif not name.startswith(f"{OPT_OUT}_"):
            version["attributes"][name] = text
    out, not_out = _stated(cells)
    # A list, empty or not, speaks of every channel; a column a channel of that one.
    version[OPT_OUT] = sorted(out)
    version[OPT_IN] = sorted({*CHANNELS} - out if OPT_OUT in cells else not_out)
    return version


def complete(version: Version, header: Sequence[str], before: Version | None) -> Version:
    """Return a version with all fields: blank cells are empty, and what the file has no column for stays as before.

    An opt-out stays until a row says that it does not hold any more; a blank cell says nothing of it.

    Parameters
    ----------
    version : Version
        Of `checked_versions`.
    header : sequence of str
        The columns of its file.
    before : Version, optional
        What was known of the customer before.
    """
    before = before or {}
    whole: Version = {"customer_id": version["customer_id"], "recorded_at": version["recorded_at"]}
    for name in FIELDS[:-1]:
        empty: Any = [] if name == "needs" else None
        whole[name] = version.get(name, empty) if name in header else before.get(name, empty)
    whole[OPT_IN] = version[OPT_IN]
    whole[OPT_OUT] = sorted({*before.get(OPT_OUT, ()), *version[OPT_OUT]}.difference(whole[OPT_IN]))
    kept = {name: text for name, text in before.get("attributes", {}).items() if name not in header}
    whole["attributes"] = dict(sorted((kept | version["attributes"]).items()))
    return whole


def is_known(whole: Version, before: Sequence[Version]) -> bool:
    """Return whether a version says nothing new: that of its time says it, or without a time the latest.

    Parameters
    ----------
    whole : Version
        Of `complete`.
    before : sequence of Version
        What was known of the customer, in the order of reading.
    """
    if whole["recorded_at"] is not None:
        same = [each for each in before if each["recorded_at"] == whole["recorded_at"]]
        return bool(same) and _says(same[-1], whole)
    latest = max(reversed(list(before)), key=from_when, default=None)
    return latest is not None and _says(latest, whole)


def from_when(version: Version) -> int:
    """Return from when a version is known, in microseconds since 1970-01-01 UTC, `BEGINNING` from the beginning."""
    return BEGINNING if version["known_from"] is None else int(version["known_from"])


def _says(version: Version, whole: Version) -> bool:
    """Return whether a version says all that another one does."""
    same = all(version[name] == whole[name] for name in FIELDS)
    return same and set(whole[OPT_IN]) <= set(version[OPT_IN])

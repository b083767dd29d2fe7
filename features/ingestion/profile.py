"""The source profile: what the columns of an export mean, read from and written to a commented TOML file.

A profile is a tree of frozen dataclasses, one a section. Each key says in its `help` what it does; the same words are
the comments of a written file and the tables of docs/sources.md.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from features.errors import ProfileError
from features.ingestion.arithmetic import column_names
from features.ingestion.time_formats import check_format
from features.known_names import check_name
from features.schema import EVENT_TYPES, LOG_COLUMN_NAMES

PROFILES = Path(__file__).with_name("profiles")
"""The folder of the profiles that come along."""

MAXIMUM_SHARE = 0.05
UNITS = ("currency", "cents")


def _key(help: str, **default: Any) -> Any:
    """Return a field with its comment, and an empty text as default unless another is given."""
    return field(metadata={"help": help}, **(default or {"default": ""}))


@dataclass(frozen=True)
class TimeProfile:
    """How times are written."""

    format: tuple[str, ...] = _key(
        "strptime formats such as '%d/%m/%Y %H:%M', or epoch_s, _ms, _us, _ns, excel; read off the sample without",
        default=(),
    )
    zone_column: str = _key("a column with the time zone of each row, such as Europe/Berlin")
    clock_column: str = _key("a column with the time of day, where that of event_time has the date alone")


@dataclass(frozen=True)
class AmountProfile:
    """How amounts are written, and what they are made of."""

    decimal: str = _key("the decimal mark, . or , (read off the sample without)")
    thousands: str = _key("the mark between thousands: , or . or ' or a space")
    sign: str = _key("the currency sign or code that is written with amounts; those with another are quarantined")
    unit: str = _key("currency, or cents: amounts are hundredths, as payment services write them", default="currency")
    expression: str = _key("arithmetic over columns instead of one column, such as Quantity * Price")
    add: tuple[str, ...] = _key("columns that are added to the amount, such as a tax", default=())
    subtract: tuple[str, ...] = _key("columns that are taken off the amount, such as a discount", default=())
    refund: str = _key("a column with what was given back of the row's amount: it becomes a return of its own")
    refund_time: str = _key("a column with the time of that refund; without it, the row's time")


@dataclass(frozen=True)
class EventTypeProfile:
    """Which rows are which events."""

    values: Mapping[str, str] = _key(
        'what the values of the column are, whatever their case: order = "purchase"', default_factory=dict
    )
    prefix_column: str = _key("a column whose beginning says what a row is, such as the invoice number")
    prefixes: Mapping[str, str] = _key('the beginnings: C = "return"', default_factory=dict)
    negative: str = _key("the event type of rows with a negative amount, such as return")


@dataclass(frozen=True)
class RowProfile:
    """Which rows count, and which belong to one event."""

    leave_out: Mapping[str, tuple[str, ...]] = _key(
        'rows with these values are not read: Status = ["voided"]; "" is a blank', default_factory=dict
    )
    keep: Mapping[str, tuple[str, ...]] = _key(
        'only rows with these values are read: Stage = ["Closed Won"]', default_factory=dict
    )
    one_event_per: str = _key(
        "reference: rows of one customer, event type, reference and day are line items of one event, whose amounts are "
        "summed; its time is the earliest of the day"
    )
    replace_references: bool = _key(
        "a later row with the same reference replaces an earlier one; with one_event_per, a later file's line items do",
        default=False,
    )


@dataclass(frozen=True)
class IdProfile:
    """How customer ids are written."""

    nobody: tuple[str, ...] = _key(
        "words that stand for no customer, beside NULL, nan, None, N/A, guest and their like", default=()
    )
    whole_numbers: bool = _key("12346.0 is the customer 12346", default=False)
    fold_case: bool = _key("Anna@Shop.example is the customer anna@shop.example", default=False)
    fold_spaces: bool = _key("spaces within an id do not count", default=False)


@dataclass(frozen=True)
class CurrencyProfile:
    """The currency of amounts; amounts of several currencies are never added up."""

    column: str = _key("the column with the currency of each row")
    keep: str = _key("the one currency of the log; rows in others are quarantined unless there are rates")
    rates: str = _key("a CSV file of currency, rate and, if rates change, day: one unit is worth so much of `keep`")


@dataclass(frozen=True)
class FileProfile:
    """How files are written; what is not given is detected."""

    delimiter: str = _key("of CSV files")
    encoding: str = _key("of CSV files, such as cp1252")
    sheet: str = _key("of workbooks; without it the only one with the columns")
    header_line: int = _key("the line of the column names, from 1; 0: detected", default=0)


@dataclass(frozen=True)
class QuarantineProfile:
    """Which faulty rows are usual in this source."""

    expected: tuple[str, ...] = _key(
        'beginnings of the reasons that are usual, such as "customer_id is empty"', default=()
    )
    maximum_share: float = _key(
        "the share of rows quarantined for other reasons that ends ingest", default=MAXIMUM_SHARE
    )


@dataclass(frozen=True)
class SourceProfile:
    """What the columns of a source mean.

    Attributes
    ----------
    columns, constants : mapping of str to str
        Log column to the source's name of it; log column to the value it has in all rows.
    times, amounts, event_types, rows, ids, currency, files, quarantine
        The other sections; each key's `help` says what it does.

    Examples
    --------
    >>> profile = parse_profile('[columns]\\ncustomer_id = "Client"\\n[amounts]\\nunit = "cents"', "example")
    >>> profile.columns, profile.amounts.unit
    ({'customer_id': 'Client'}, 'cents')
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    times: TimeProfile = field(default_factory=TimeProfile)
    amounts: AmountProfile = field(default_factory=AmountProfile)
    event_types: EventTypeProfile = field(default_factory=EventTypeProfile)
    rows: RowProfile = field(default_factory=RowProfile)
    ids: IdProfile = field(default_factory=IdProfile)
    currency: CurrencyProfile = field(default_factory=CurrencyProfile)
    files: FileProfile = field(default_factory=FileProfile)
    quarantine: QuarantineProfile = field(default_factory=QuarantineProfile)

    def __post_init__(self) -> None:
        for name in [*self.columns, *self.constants]:
            check_name("unknown column of the contract", name, LOG_COLUMN_NAMES, ProfileError)
        of_types = {"event_types.negative": self.event_types.negative} | {
            f"event_types.{key}.{value}": event_type
            for key in ("values", "prefixes")
            for value, event_type in getattr(self.event_types, key).items()
        }
        _check_choice(".", "amounts.decimal", self.amounts.decimal, ("", ".", ","))
        _check_choice(",", "amounts.thousands", self.amounts.thousands, ("", ",", ".", "'", " "))
        _check_choice("cents", "amounts.unit", self.amounts.unit, UNITS)
        for key, event_type in of_types.items():
            _check_choice("return", key, event_type, ("", *EVENT_TYPES))
        if self.amounts.decimal and self.amounts.decimal == self.amounts.thousands:
            raise ProfileError(f"amounts.decimal and amounts.thousands are both {self.amounts.decimal!r}: give two")
        if self.event_types.prefixes and not self.event_types.prefix_column:
            raise ProfileError("event_types.prefixes are of no column: give event_types.prefix_column")
        if self.rows.one_event_per not in ("", "reference"):
            raise ProfileError(
                f'rows.one_event_per is {self.rows.one_event_per!r}: expected "reference", and the column of order '
                "numbers as reference under [columns]"
            )
        if not 0 <= self.quarantine.maximum_share <= 1:
            raise ProfileError(f"quarantine.maximum_share is {self.quarantine.maximum_share}: expected 0 to 1")
        column_names(self.amounts.expression)
        for text in self.times.format:
            check_format(text)

    def amount_columns(self) -> list[str]:
        """Return the source's columns that amounts are computed from, besides the one mapped to `amount`."""
        return [*column_names(self.amounts.expression), *self.amounts.add, *self.amounts.subtract]

    def own_columns(self) -> list[str]:
        """Return the source's columns that must be there, besides those that the contract's columns are read from."""
        amounts, types = self.amounts, self.event_types
        names = [
            *(self.times.zone_column, self.times.clock_column, *self.amount_columns()),
            *(amounts.refund, amounts.refund_time, types.prefix_column, *self.rows.leave_out, *self.rows.keep),
            self.currency.column,
        ]
        return list(dict.fromkeys(name for name in names if name))

    def with_values(self, **sections: Mapping[str, Any]) -> "SourceProfile":
        """Return the profile with some values replaced: `with_values(amounts={"unit": "cents"})`."""
        changed: dict[str, Any] = {}
        for name, values in sections.items():
            section = getattr(self, name)
            changed[name] = {**section, **values} if isinstance(section, dict) else replace(section, **values)
        return replace(self, **changed)


def load_profile(name: str | Path) -> SourceProfile:
    """Return the profile of a file, or one that comes along by its name.

    Parameters
    ----------
    name : str or Path
        A TOML file, or one of `profile_names()`.

    Raises
    ------
    ProfileError
        When there is no such profile, or its content is wrong.
    """
    path = Path(name)
    if str(name) in profile_names():
        path = PROFILES / f"{name}.toml"
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        near = get_close_matches(str(name), profile_names(), 1)
        hint = f"did you mean {near[0]}?" if near else f"give a file, or one of {', '.join(profile_names())}"
        what = error.strerror if isinstance(error, OSError) else "not in UTF-8"
        raise ProfileError(f"the profile {name} cannot be read ({what}): {hint}") from None
    profile = parse_profile(text, str(name))
    if profile.currency.rates:
        profile = profile.with_values(currency={"rates": str(path.parent / profile.currency.rates)})
    return profile


def profile_names() -> list[str]:
    """Return the names of the profiles that come along."""
    return sorted(path.stem for path in PROFILES.glob("*.toml"))


def parse_profile(text: str, origin: str) -> SourceProfile:
    """Return the profile that a TOML text describes; `origin` names it in messages. Raises ProfileError."""
    try:
        raw = tomllib.loads(text)
        hints = get_type_hints(SourceProfile)
        sections = {}
        for name, section in raw.items():
            check_name("unknown section", name, hints, ProfileError)
            if not isinstance(section, dict):
                raise ProfileError(f"{name} is {section!r}: write [{name}] above its keys")
            sections[name] = _section(name, section, hints[name])
        return SourceProfile(**sections)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"the profile {origin} is not TOML: {error}") from None
    except ProfileError as error:
        raise ProfileError(f"the profile {origin}: {error}") from None


def _section(name: str, raw: dict[str, Any], kind: Any) -> Any:
    if name in ("columns", "constants"):
        for key, value in raw.items():
            if not isinstance(value, str):
                raise ProfileError(f"{name}.{key} is {value!r}: expected text in quotes")
        return raw
    hints = get_type_hints(kind)
    values = {}
    for key, value in raw.items():
        check_name(f"unknown key of [{name}]", key, hints, ProfileError)
        if key == "format" and isinstance(value, str):
            value = [value]
        try:
            values[key] = msgspec.convert(value, hints[key])
        except msgspec.ValidationError as error:
            raise ProfileError(f"{name}.{key} is {value!r}: {str(error)[0].lower()}{str(error)[1:]}") from None
    return kind(**values)


def _check_choice(example: str, key: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        expected = ", ".join(repr(choice) for choice in choices if choice)
        raise ProfileError(f"{key} is {value!r}: expected one of {expected}, such as {example!r}")

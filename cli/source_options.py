"""Options that say what the columns of a source mean, and the profile that they make."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.log_options import mapping, pairs

if TYPE_CHECKING:
    from features.ingestion.profile import SourceProfile

Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        metavar="[PATTERN:]PROFILE",
        help="A profile.toml, or one that comes along by its name, such as shopify; with a pattern, for the sources "
        "that it matches; repeatable.",
    ),
]
TimeFormat = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FORMAT",
        help="How times are written: '%d/%m/%Y %H:%M', day_first, month_first, year_first, epoch_s, epoch_ms, epoch_us "
        "or excel. Without it: detected; repeatable.",
    ),
]
Thousands = Annotated[
    str | None, typer.Option(metavar="CHARACTER", help="The mark between thousands. Without it: detected.")
]
CurrencySign = Annotated[
    str | None, typer.Option(metavar="SIGN", help="The currency sign or code written with amounts; others are faulty.")
]
Cents = Annotated[bool, typer.Option("--cents", help="Amounts are hundredths of the currency.")]
AmountExpression = Annotated[
    str | None, typer.Option("--amount", metavar="EXPRESSION", help="Amounts computed, such as 'Quantity * Price'.")
]
Refund = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="What was given back of a row's amount: a return beside the purchase."),
]
OneEventPer = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Rows of one reference and day are line items of one event: reference, or the column of order numbers.",
    ),
]
ReplaceReferences = Annotated[
    bool, typer.Option("--replace-references", help="A later row with the same reference replaces an earlier one.")
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(metavar="VALUE=TYPE", help="What a value of event_type means, such as order=purchase; repeatable."),
]
Negative = Annotated[
    str | None, typer.Option(metavar="TYPE", help="The event type of rows with a negative amount, usually return.")
]
Currency = Annotated[
    str | None, typer.Option(metavar="CODE", help="The one currency; rows in others go to quarantine.")
]
Nobody = Annotated[
    list[str] | None,
    typer.Option(metavar="WORD", help="An id that stands for no customer, beside NULL, guest and others; repeatable."),
]
FoldCase = Annotated[bool, typer.Option("--fold-case", help="Customer ids that differ in capitals only are one.")]
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Rows that are not read, for instance Status=voided; repeatable."),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="The only rows that are read, such as Stage='Closed Won'; repeatable."),
]


def profiles_of_options(profiles: list[str] | None, **options: Any) -> "dict[str, SourceProfile]":
    """Return the profile of each pattern of sources, with what the options say on top; "" is for all others."""
    from features.errors import ProfileError
    from features.ingestion.profile import SourceProfile, load_profile

    try:
        loaded = {}
        for text in profiles or []:
            pattern, _, name = text.rpartition(":")
            loaded[pattern] = load_profile(name)
        loaded.setdefault("", SourceProfile())
        sections = _sections(**options)
        return {pattern: _on_top(profile, sections) for pattern, profile in loaded.items()}
    except ProfileError as error:
        raise typer.BadParameter(str(error)) from None


def _sections(
    *,
    time_format: list[str] | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    currency_sign: str | None = None,
    cents: bool = False,
    amount: str | None = None,
    refund: str | None = None,
    one_event_per: str | None = None,
    replace_references: bool = False,
    kinds: list[str] | None = None,
    negative: str | None = None,
    currency: str | None = None,
    nobody: list[str] | None = None,
    fold_case: bool = False,
    leave_out: list[str] | None = None,
    keep: list[str] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the values of a profile that options give, by section; what is not given is None or empty."""
    reference = one_event_per if one_event_per not in (None, "reference") else None
    return {
        "columns": {"reference": reference},
        "times": {"format": tuple(time_format or ())},
        "amounts": {
            "decimal": decimal,
            "thousands": thousands,
            "sign": currency_sign,
            "unit": "cents" if cents else None,
            "expression": amount,
            "refund": refund,
        },
        "event_types": {"values": mapping("--kinds", kinds, "VALUE=TYPE"), "negative": negative},
        "rows": {
            "one_event_per": "reference" if one_event_per else None,
            "replace_references": replace_references,
            "leave_out": _lists("--leave-out", leave_out),
            "keep": _lists("--keep", keep),
        },
        "ids": {"nobody": tuple(nobody or ()), "fold_case": fold_case},
        "currency": {"keep": currency},
    }


def _on_top(profile: "SourceProfile", sections: dict[str, dict[str, Any]]) -> "SourceProfile":
    given = {name: {key: value for key, value in values.items() if value} for name, values in sections.items()}
    return profile.with_values(**{name: values for name, values in given.items() if values})


def _lists(option: str, texts: list[str] | None) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for column, value in pairs(option, texts):
        values[column] = (*values.get(column, ()), value)
    return values

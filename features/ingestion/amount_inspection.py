"""What a sample says of amounts: line items, money given back, negative amounts, currencies; the rest is asked."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import fields

import pyarrow as pa

from features.ingestion.column_names import (
    CURRENCY_NAMES,
    QUANTITY,
    UNIT_PRICE,
    fits,
    is_refund_name,
    letters,
    share,
    texts_of,
    words_of,
)
from features.ingestion.inspection_result import Inspection
from features.ingestion.profile import SourceProfile

LIKELY = "likely"
NEGATIVE = r"^\W*[-(\u2212\u2013]\W*(?:[A-Za-z]{1,4}[.$]?\W*)?[\d.,]|\d[^-,.]*-$"
YES = ("1", "yes", "true", "y", "t", "x", "ja", "oui", "si", "sí", "是")
NO = ("0", "no", "false", "n", "f", "nein", "non", "否")


def find_lines(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    """Look for quantity and price, and for line items."""
    by_letters = {letters(name): name for name in sample}
    quantity = next((by_letters[name] for name in QUANTITY.split() if name in by_letters), None)
    price = next((by_letters[name] for name in UNIT_PRICE.split() if name in by_letters), None)
    amount = inspection.profile.columns.get("amount")
    if quantity and price and amount in (None, price):
        expression = f"{_operand(quantity)} * {_operand(price)}"
        columns = {key: name for key, name in inspection.profile.columns.items() if key != "amount"}
        inspection.profile = SourceProfile(
            **{each.name: getattr(inspection.profile, each.name) for each in fields(inspection.profile)}
            | {"columns": columns}
        ).with_values(amounts={"expression": expression})
        inspection.sure["amounts.expression"] = f"{LIKELY}: there is a quantity and a price"
    reference = inspection.profile.columns.get("reference")
    if reference:
        texts = texts_of(sample[reference])
        repeated = 1 - len(texts.unique()) / max(len(texts), 1)
        if repeated > 0.02 and "recorded_at" not in inspection.profile.columns:
            inspection.profile = inspection.profile.with_values(rows={"one_event_per": "reference"})
            inspection.sure["rows.one_event_per"] = (
                f"{LIKELY}: {repeated:.0%} of the rows repeat the {reference} of another"
            )
            inspection.questions.append(
                f"are rows with one {reference} lines of one order? The profile says so; if the last replaces the rest "
                "take one_event_per out and give --replace-references; if a later file corrects whole orders, give "
                "--replace-references beside it"
            )


def ask_for_amounts(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    """Ask for the column of amounts where none seems to be one."""
    if "amount" in inspection.profile.columns or inspection.profile.amounts.expression:
        return
    unused = [name for name in sample if name not in inspection.profile.columns.values()]
    likely = [name for name in unused if fits("amount", sample[name])] or unused
    if likely:
        names = ", ".join(map(repr, likely[:5]))
        option = shlex.quote(f"amount={likely[0]}" if len(likely) == 1 else "amount=NAME")
        inspection.questions.append(f"no column seems to be an amount; is it one of {names}? Give --map {option}")
    else:
        inspection.questions.append(
            "no column is left for amounts: purchases are counted, but what was spent is not known"
        )


def find_refunds(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    """Look for columns with what was given back of a row's amount, or with whether it was."""
    for name, column in sample.items():
        if name in inspection.profile.columns.values() or not is_refund_name(name):
            continue
        words = [word for word in words_of(column) if word]
        flags = {word.lower() for word in words} <= {*YES, *NO}
        option = shlex.quote(name)
        if fits("amount", column) and not flags and not inspection.profile.amounts.refund:
            inspection.profile = inspection.profile.with_values(amounts={"refund": name})
            inspection.sure["amounts.refund"] = f"{LIKELY}: by its name, what was given back of the amount"
            inspection.questions.append(
                f"is {name!r} what was given back of the amount of its row? The profile says so (--refund {option}), "
                "and it becomes a return; take it out if not"
            )
        elif yes := [word for word in words if word.lower() in YES]:
            given = shlex.quote(f"{name}={yes[0]}")
            inspection.questions.append(
                f"are rows with {yes[0]!r} in {name!r} given back? They count as purchases; give --leave-out {given} "
                "to leave them out"
            )
        elif not flags:
            inspection.questions.append(
                f"what does {name!r} say of a row? Its values are {', '.join(words[:5])}: if it is "
                f"what was given back give --refund {option}"
            )


def find_negatives(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    """Look for negative amounts, which are returns."""
    if inspection.profile.event_types.negative:
        return
    names = [inspection.profile.columns.get("amount", ""), *inspection.profile.amount_columns()]
    negatives = [name for name in names if name in sample and share(sample[name], NEGATIVE) > 0]
    if negatives:
        inspection.profile = inspection.profile.with_values(event_types={"negative": "return"})
        inspection.sure["event_types.negative"] = f"{LIKELY}: {negatives[0]} is negative in some rows"


def find_currency(sample: Mapping[str, pa.Array], inspection: Inspection) -> None:
    """Look for a column of currencies, of which one is kept."""
    name = next((name for name in sample if re.fullmatch(CURRENCY_NAMES, letters(name))), "")
    if not name:
        return
    codes = sorted({word.upper() for word in words_of(sample[name])})
    keep = {"keep": codes[0]} if len(codes) == 1 else {}
    inspection.profile = inspection.profile.with_values(currency={"column": name, **keep})
    if len(codes) > 1:
        inspection.sure["currency.keep"] = "amounts of several currencies are not added up"
        inspection.questions.append(
            f"which of the currencies {', '.join(codes[:5])} is kept? Give --currency {codes[0]}, or rates under "
            "[currency]"
        )


def _operand(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'

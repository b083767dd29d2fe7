"""A sample says what its columns seem to be; what it does not settle is asked."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import AmbiguousSourceError
from features.ingestion.inspection import Inspection, inspect_sample
from features.ingestion.profile import load_profile, parse_profile, profile_names
from features.ingestion.profile_writer import profile_text
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_sample import read_sample
from tests.features.reading import read


def inspected(**columns: list[str]) -> Inspection:
    return inspect_sample({name.replace("_0_", " "): pa.array(values) for name, values in columns.items()})


def test_columns_are_found_by_name_and_content() -> None:
    """In several languages; each says how sure it is, and what no column says is a constant."""
    found = inspected(Kunde=["a", "b"], Datum=["31.12.2024", "1.2.2024"], Betrag=["1.234,50", "7"], Filiale=["x", "y"])
    assert found.profile.columns == {"event_time": "Datum", "customer_id": "Kunde", "amount": "Betrag"}
    assert found.profile.constants == {"event_type": "purchase"}
    assert found.profile.times.format == ("day_first",)
    assert (found.profile.amounts.decimal, found.profile.amounts.thousands) == (",", ".")
    assert found.sure["columns.customer_id"] == "likely"
    assert found.questions == []


def test_the_contracts_own_names_are_certain() -> None:
    """And need no profile."""
    found = inspected(customer_id=["a"], event_time=["2024-01-01"], event_type=["purchase"], amount=["1.5"])
    assert found.sure["columns.customer_id"] == "certain"
    assert found.sure["columns.event_time"].startswith("certain")
    assert (found.profile.constants, found.questions) == ({}, [])


@pytest.mark.parametrize(
    ("columns", "question"),
    [
        ({"client": ["a"], "day": ["1/2/2024"]}, "--time-format day_first"),
        ({"client": ["a"], "day": ["2024-01-01"], "total": ["1.500"]}, "--thousands '.'"),
        ({"xyzzy": ["a"], "day": ["2024-01-01"]}, "which column is customer_id?"),
        ({"client": ["a"], "nothing": ["b"]}, "which column is event_time?"),
        (
            {"client": ["a"] * 2, "day": ["2024-01-01"] * 2, "total": ["1"] * 2, "currency": ["EUR", "USD"]},
            "--currency EUR",
        ),
        ({"client": ["a"] * 2, "day": ["2024-01-01"] * 2, "status": ["paid", "void"]}, "which values of 'status'"),
        ({"client": ["a"] * 2, "day": ["2024-01-01"] * 2, "order_id": ["1", "1"]}, "one_event_per"),
        ({"client": ["a"], "day": ["2024-01-01"], "type": ["gift"]}, "--kinds VALUE=TYPE"),
    ],
)
def test_what_the_sample_does_not_settle_is_a_question(columns: dict[str, list[str]], question: str) -> None:
    """With the key or the option that settles it."""
    assert any(question in text for text in inspected(**columns).questions)


def test_lines_signs_and_words_are_noticed() -> None:
    """Quantity times price, negative quantities, words of other shops."""
    found = inspected(
        client=["a", "b"], day=["2024-01-01"] * 2, qty=["2", "-1"], Unit_0_Price=["1.50", "2"], type=["Order", "refund"]
    )
    assert found.profile.amounts.expression == 'qty * "Unit Price"'
    assert found.profile.event_types.negative == "return"
    assert found.profile.event_types.values == {"Order": "purchase", "refund": "return"}


def test_a_known_layout_is_recognised() -> None:
    """By its columns, whatever else there is."""
    for name in profile_names():
        profile = load_profile(name)
        columns = {*profile.columns.values(), *profile.own_columns(), "Something else"}
        found = inspect_sample({column: pa.array(["1"]) for column in columns})
        assert found.known == name


CLOCKS = ["%H:%M", "%H:%M:%S", "%I:%M %p"]
DATES = ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y-%m-%d", "%d %b %Y", "%b %d, %Y", "%d.%m.%y"]
NUMBERS = ["epoch_s", "epoch_ms", "%Y%m%d%H%M"]
AMOUNTS = [(".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "'")]
NAMES = [("customer_id", "event_time", "amount"), ("Kunde", "Datum", "Betrag"), ("Client", "Created at", "Total")]


def spelt(moment: datetime, spelling: str) -> str:
    if spelling.startswith("epoch"):
        seconds = int((moment - datetime(1970, 1, 1)).total_seconds())
        return str(seconds if spelling == "epoch_s" else seconds * 1000)
    return moment.strftime(spelling)


def money(cents: int, decimal: str, thousands: str, sign: str) -> str:
    text = f"{cents / 100:,.2f}".replace(",", "_").replace(".", decimal).replace("_", thousands)
    return f"{text} {sign}" if sign else text


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["007", "b", "Ärger", "x@shop.example"]),
            st.datetimes(datetime(2001, 9, 10), datetime(2035, 12, 31)),
            st.integers(300, 10**8),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([*(f"{date} {clock}" for date in DATES for clock in CLOCKS), *NUMBERS]),
    st.sampled_from(AMOUNTS),
    st.sampled_from(NAMES),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["", "EUR"]),
)
def test_any_spelling_gives_the_same_events_or_a_question(
    rows: list[tuple[str, datetime, int]], spelling: str, marks: tuple[str, str], names: Any, delimiter: str, sign: str
) -> None:
    """A log in any of them, inspected and ingested by the profile that was written, is the log or is refused."""
    lines = [[customer, spelt(moment, spelling), money(cents, *marks, sign)] for customer, moment, cents in rows]
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.csv"
        log.write_text("".join(delimiter.join(f'"{field}"' for field in line) + "\n" for line in [names, *lines]))
        found = inspect_sample(read_sample(str(log), ReadOptions()))
        profile = parse_profile(profile_text(found.profile, found.sure), "profile.toml")
        try:
            result = read(log, profile=profile)
        except AmbiguousSourceError:
            assert any("can be read in" in question or "no format fits" in question for question in found.questions)
            return
    assert result.report.quarantined == 0
    cut = {"%H:%M": "minute", "%I:%M %p": "minute", "%Y%m%d%H%M": "minute"}
    to_minute = any(spelling.endswith(clock) for clock in cut)
    expected = sorted(
        (
            customer,
            int(
                (
                    moment.replace(microsecond=0, second=0 if to_minute else moment.second) - datetime(1970, 1, 1)
                ).total_seconds()
            ),
            cents,
        )
        for customer, moment, cents in rows
    )
    assert sorted((e["customer_id"], e["time"] // 1_000_000, e["cents"]) for e in result.events) == expected

"""A sample says what its columns seem to be; what it does not settle is asked."""

import pyarrow as pa
import pytest

from features.ingestion.inspection import Inspection, inspect_sample
from features.ingestion.profile import load_profile, profile_names


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

"""Columns are found by usual names in several languages, and only where their values can be those of the column."""

import pyarrow as pa
import pytest

from features.ingestion.column_names import NAMES, event_type_of, fits, name_score, share


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("customer_id", "customer_id"),
        ("Customer ID", "customer_id"),
        ("Kunden-Nr.", "customer_id"),
        ("客户编号", "customer_id"),
        ("Bestelldatum", "event_time"),
        ("下单时间", "event_time"),
        ("Gesamtbetrag", "amount"),
        ("实付金额", "amount"),
        ("Rechnungsnummer", "reference"),
        ("订单号", "reference"),
        ("交易类型", "event_type"),
    ],
)
def test_a_usual_name_is_known(name: str, column: str) -> None:
    """Whatever its capitals and marks; no other column's names are nearer."""
    scores = {each: name_score(name, each) for each in NAMES}
    assert scores[column] >= 0.9
    assert max(scores, key=lambda each: scores[each]) == column


def test_a_usual_name_of_another_column_is_not_near() -> None:
    """An amount is no misspelt account, and a name of two letters is near to nothing."""
    for name in ("amount", "Quantity", "Status", "id", "order_id"):
        assert name_score(name, "customer_id") == 0
    assert 0.5 < name_score("customers", "customer_id") < 0.9


def test_a_column_of_other_values_does_not_fit() -> None:
    """Names of weekdays are no times, and texts no amounts."""
    assert fits("event_time", pa.array(["2024-01-01", "1/2/24"])) == 1
    assert fits("event_time", pa.array(["Monday", "Tuesday"])) == 0
    assert fits("event_time", pa.array(["10.09.01", "31.12.19"])) == 1
    assert fits("event_time", pa.array(["10:09:01", "9:05:07"])) == 0
    assert fits("amount", pa.array(["$ 1,234.50", "7"])) == 1
    assert fits("amount", pa.array(["-USD 1,234.50", "Rs. 7/-", "R$ 5"])) == 1
    assert fits("amount", pa.array(["paid", "9:05", "1/2/2024"])) == 0
    assert share(pa.array(["a1", " ", None, "b"]), r"\d") == 0.5


@pytest.mark.parametrize(
    ("word", "event_type"),
    [
        ("Order", "purchase"),
        ("PAID", "purchase"),
        ("order refunded", "return"),
        ("Gutschrift", "return"),
        ("退款", "return"),
        ("unpaid", ""),
        ("order cancelled", ""),
        ("payment failed", ""),
        ("gift", ""),
    ],
)
def test_what_a_word_means(word: str, event_type: str) -> None:
    """What was not paid is asked, not taken for a purchase."""
    assert event_type_of(word) == event_type

"""Numbers as people read them."""

import pytest

from reporting.number_formats import count, money, number, share, signed


@pytest.mark.parametrize(
    ("format", "value", "text"),
    [
        (count, 1234.4, "1,234"),
        (count, float("nan"), "–"),
        (share, 0.5432, "54.3"),
        (number, -1.005, "−1.00"),
        (signed, -8.4, "−8"),
        (signed, 9.0, "+9"),
        (number, -0.004, "0.00"),
        (count, -0.4, "0"),
        (signed, -0.4, "0"),
        (signed, 0.04, "0"),
        (signed, 10.0, "+10"),
    ],
)
def test_numbers_have_thousands_and_a_dash_where_there_is_none(format, value, text):
    """As people read them."""
    assert format(value) == text


def test_money_has_its_currency_where_it_is_known():
    """With a space that does not break; a missing amount is a dash alone."""
    assert money(1234.5, "GBP", 2) == "1,234.50\u00a0GBP"
    assert money(-3.0) == "−3"
    assert money(float("nan"), "GBP") == "–"

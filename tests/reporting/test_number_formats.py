"""Numbers as people read them."""

import pytest

from reporting.number_formats import count, number, share, signed


@pytest.mark.parametrize(
    ("format", "value", "text"),
    [
        (count, 1234.4, "1,234"),
        (count, float("nan"), "–"),
        (share, 0.5432, "54.3"),
        (number, -1.005, "−1.00"),
        (signed, -8.4, "−8"),
        (signed, 9.0, "+9"),
    ],
)
def test_numbers_have_thousands_and_a_dash_where_there_is_none(format, value, text):
    """As people read them."""
    assert format(value) == text

"""What the pages share: data that stays data, formats of numbers, and the policy."""

import json
import re

import pytest

from reporting.page.rendering import as_json, count, number, page_file, share, signed


def test_data_cannot_end_its_script():
    """Whatever a text holds, no tag and no comment begins in it, and it reads back the same."""
    nasty = {"a": "</script><!--", "b": "\u2028&", "c": float("nan"), "d": 1.0}
    written = as_json({**nasty, "c": None})
    assert not re.search("[<>&\u2028]", written)
    assert json.loads(written) == {**nasty, "c": None}


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


def test_every_text_of_a_chart_can_have_values():
    """The script splits the key of a text from its values."""
    assert 'value.slice(3).split("|")' in page_file("charts.js")

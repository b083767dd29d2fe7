"""What the pages share: data that stays data, and the policy."""

import json
import re

from reporting.page.rendering import as_json, page_file


def test_data_cannot_end_its_script():
    """Whatever a text holds, no tag and no comment begins in it, and it reads back the same."""
    nasty = {"a": "</script><!--", "b": "\u2028&", "c": float("nan"), "d": 1.0}
    written = as_json({**nasty, "c": None})
    assert not re.search("[<>&\u2028]", written)
    assert json.loads(written) == {**nasty, "c": None}


def test_every_text_of_a_chart_can_have_values():
    """The script splits the key of a text from its values."""
    assert 'value.slice(3).split("|")' in page_file("charts.js")

"""A rep's page: the week by day."""

from pathlib import Path

from planning.files.rep_page import write_rep_page
from planning.files.rep_rows import rows_of, rows_to_do
from planning.plan_folder import Plan


def test_the_week_by_day(tmp_path: Path, plan: Plan) -> None:
    """Days in order, facts in both languages, the gain in words; names are escaped."""
    write_rep_page(tmp_path / "r.html", rows_of(rows_to_do(plan), "R07"), "R07", "2026-W48")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.index("Monday, 23 November") < text.index("&lt;b&gt;&amp;") < text.index("Tuesday, 24 November")
    for piece in ("11 月 23 日，星期一", "=1+1 is a &lt;fact&gt;", "事实", "gain: likely", "很可能", "09:00"):
        assert piece in text
    assert "<b>&" not in text


def test_a_week_of_nothing(tmp_path: Path, plan: Plan) -> None:
    """Says so."""
    write_rep_page(tmp_path / "r.html", rows_to_do(plan)[:0], "R07", "2026-W48")
    assert "Nothing is planned for this week." in (tmp_path / "r.html").read_text(encoding="utf-8")

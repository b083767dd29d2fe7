"""The report is complete for unusual logs too: no visits, no amounts, one customer, no churn or only churn."""

import html
import re
from datetime import date, timedelta

import pyarrow as pa
import pytest

from features.errors import TooLittleDataError
from features.loyalty.formula import load_formula
from reporting.build import make_report
from reporting.cover import report_cover
from reporting.export import data_dictionary, write_tables
from reporting.page.html_page import render_page
from reporting.workbook import write_workbook
from tests.training.logs import stored

START, AS_OF, DAYS = date(2023, 1, 1), "2023-10-28", 60


def bought(customer: str, days: list[int], amount: float | None = None) -> list[dict]:
    at = [START + timedelta(days=day) for day in days]
    return [{"customer_id": customer, "event_type": "purchase", "event_time": day, "amount": amount} for day in at]


LOGS = {
    # AS_OF is day 300; the log ends on day 365.
    "one_customer": bought("only", [10, 60, 130, 200, 310, 364], 20.0),
    "all_churned_without_visits_and_amounts": [
        *(row for n in range(40) for row in bought(f"c{n}", list(range(n, 250 + n % 9, 9 + n % 20)))),
        {"customer_id": "visited", "event_type": "usage", "event_time": START + timedelta(days=364), "amount": None},
    ],
    "none_churned": [row for n in range(40) for row in bought(f"c{n}", list(range(n % 20, 365, 7 + n % 15)), 10.0 + n)],
}


def visible_text(text: str) -> str:
    """The visible text of the page: without scripts, styles and tags."""
    bare = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", bare))


@pytest.mark.filterwarnings("ignore:the likelihood's gradient")  # customers all alike are no sample of a distribution
@pytest.mark.parametrize("name", LOGS)
def test_the_report_is_whole(name, tmp_path):
    """Page, workbook and tables are written; no figure reads nan; the lists of the headline are right."""
    log = pa.Table.from_pylist(LOGS[name])
    log = log.set_column(2, "event_time", log["event_time"].cast(pa.timestamp("us")))
    report = make_report(stored(log, tmp_path), AS_OF, DAYS, load_formula(), quick=True)
    write_tables(tmp_path / "tables", report.tables)
    write_workbook(tmp_path / "report.xlsx", report.tables, report_cover(report))
    assert len(data_dictionary(report.tables)) > 100
    text = render_page(report)
    assert re.findall(r"\b(?:nan|None|inf)\b", visible_text(text)) == []
    headline = report.tables["headline"].set_index("outcome")
    churned = report.comparison.churned
    expected = {"one_customer": 0, "all_churned_without_visits_and_amounts": len(churned), "none_churned": 0}[name]
    assert churned.sum() == expected
    assert headline.loc["stayed_away", "by_model"] == (headline.loc["stayed_away", "list"] if expected else 0)
    assert ("spend" in headline.index) == (name != "all_churned_without_visits_and_amounts")
    if name == "all_churned_without_visits_and_amounts":
        assert [part.name for part in report.comparison.formula.parts] == ["purchases", "usage", "feedback", "visits"]


def test_a_date_with_little_before_it_says_what_it_cannot_tell(shop, tmp_path):
    """No suggestion without an earlier window, and no change since a date when no customer had bought."""
    report = make_report(shop, "2023-04-01", 90, load_formula(), quick=True)
    assert report.suggestion.reason == "short_history"
    assert (report.suggestion.weights["now"] == report.suggestion.weights["suggested"]).all()
    assert report.change is None
    write_tables(tmp_path / "tables", report.tables)
    write_workbook(tmp_path / "report.xlsx", report.tables, report_cover(report))
    text = visible_text(render_page(report))
    assert "No customer had bought before 2023-01-01, so there is nothing to compare with." in text
    assert "before the cutoff the log is too short for a window to learn from" in text


def test_a_date_asked_for_is_not_left_out(shop):
    """An earlier date that was asked for, when no customer had bought, is an error of one line."""
    with pytest.raises(TooLittleDataError, match="nobody in the log has bought before 2022-06-01"):
        make_report(shop, "2023-04-01", 90, load_formula(), since="2022-06-01", quick=True)

"""The pages of single customers: everybody is on one, and the scripts find it; small, and as strict as the report."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from reporting.page.customer_pages import customer_pages, part_of, parts_of, write_customer_pages
from reporting.timelines import Timelines


def embedded(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL).group(1))


@pytest.fixture(scope="module")
def pages(report):
    return dict(customer_pages(report))


def test_everybody_is_on_the_page_of_their_checksum(report, pages):
    """Each customer once, whatever the id is made of."""
    assert len(pages) == parts_of(len(report.tables["customers"])) > 1
    found = []
    for name, text in pages.items():
        held = embedded(text)["customers"]["customer_id"]
        assert {f"{part_of(each, len(pages)):05}.html" for each in held} == {name}
        found += held
    assert sorted(found) == sorted(report.tables["customers"]["customer_id"])


def test_history_is_that_of_the_report(report, pages):
    """Scores at each date, and the number of days with events, beside the customer's other figures."""
    data = embedded(next(iter(pages.values())))
    scores, events = report.timelines.scores, report.timelines.events
    assert data["dates"] == list(scores)
    counts = events.groupby("position").size()
    for row, customer in enumerate(data["customers"]["customer_id"]):
        expected = scores.loc[customer]
        found = pd.Series(data["scores"][row], index=data["dates"], dtype=float)
        pd.testing.assert_series_equal(found, expected.round(2), check_names=False)
        assert len(data["events"][row]) == counts.get(scores.index.get_loc(customer), 0)


def test_pages_are_strict_and_hold_ids_as_text(pages):
    """The policy allows the inline script and style by hash alone; HTML in an id stays text."""
    for text in pages.values():
        assert "unsafe" not in re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
        assert len(re.findall(r'<script type="module">', text)) == 1
        assert "<script>alert" not in text
        assert "<b>bold</b>" not in text


def test_pages_of_an_earlier_report_go(report, tmp_path):
    """Those that the new one does not use; another file stays."""
    (tmp_path / "99999.html").write_text("old")
    (tmp_path / "note.txt").write_text("mine")
    write_customer_pages(tmp_path, report, "zh")
    names = {file.name for file in Path(tmp_path).iterdir()}
    assert names == {f"{part:05}.html" for part in range(parts_of(len(report.tables["customers"])))} | {"note.txt"}
    assert '<html lang="zh">' in (tmp_path / "00000.html").read_text()


def test_a_page_of_a_hundred_thousand_customers_stays_small(report):
    """A page has about two hundred customers, however many there are: below half a megabyte."""
    many = 20_000
    tables = dict(report.tables)
    ids = [f"customer {number:06}" for number in range(many)]
    for name in ("customers", "why"):
        table = pd.concat([tables[name]] * (many // len(tables[name]) + 1), ignore_index=True)[:many]
        tables[name] = table.assign(customer_id=ids)
    scores = pd.concat([report.timelines.scores] * (many // len(report.timelines.scores) + 1))[:many].set_axis(ids)
    grown = replace(report, tables=tables, change=None, timelines=Timelines(scores, report.timelines.events))
    names, sizes = zip(*((name, len(text)) for name, text in customer_pages(grown)), strict=True)
    assert len(names) == 100
    assert max(sizes) < 500_000

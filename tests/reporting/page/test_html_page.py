"""The page as a file: alone, bounded, honest about its sample, and with the figures of the tables."""

import base64
import hashlib
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from reporting.number_formats import count, measure, number, share, signed
from reporting.page.html_page import page_customers, render_page
from reporting.page.rendering import PAGE_CUSTOMERS


class Cells(HTMLParser):
    """The cells of each table that has a name."""

    def __init__(self):
        super().__init__()
        self.tables, self._rows, self._cell = {}, None, None

    def handle_starttag(self, tag, attributes):
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attributes).get("data-table"), [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows:
            self._cell = []

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self._cell is not None:
            self._rows[-1].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)


@pytest.fixture(scope="module")
def text(written):
    return written.read_text(encoding="utf-8")


def embedded(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL).group(1))


def test_every_script_and_style_is_allowed_by_its_hash_and_nothing_else(text):
    """The policy names what is in the page, without unsafe-inline or unsafe-eval."""
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1))
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    inline = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    inline += re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(inline) == 3
    for text_inline in inline:
        digest = base64.b64encode(hashlib.sha256(text_inline.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_nothing_is_fetched_from_elsewhere(text):
    """No element names another file, and no attribute carries code or style."""
    shell = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!#|data:,)', shell) == []
    assert re.findall(r'\s(?:style|on\w+)="', shell) == []


def test_ids_are_texts(text):
    """Those with HTML in them appear escaped alone, in the page and in its data."""
    assert "<script>alert" not in text
    assert "<b>bold</b>" not in text
    assert "<b>bold</b><script>alert(1)</script>" in embedded(text)["customers"]["customer_id"]


def test_the_tables_of_the_page_are_the_tables(text, report):
    """Every figure of the named tables is that of the frame, as it is shown."""
    cells = Cells()
    cells.feed(text)
    measures = report.tables["measures"]
    shown = [row[1:] for row in cells.tables["measures"][1:]]
    names = list(measures.columns[1:])
    assert shown == [[measure(row[name], name) for name in names] for row in measures.to_dict("records")]


def test_the_moves_of_the_page_are_those_of_the_table(text, report):
    """Of bands and of segments: as many customers in all, each group with its row."""
    cells = Cells()
    cells.feed(text)
    last = report.tables["base_moves"].query("as_of == @report.comparison.as_of")
    for kind in ("band", "segment"):
        rows = cells.tables[f"base-moves-{kind}"][1:]
        moves = last[last["kind"] == kind]
        assert sum(int(cell.replace(",", "")) for row in rows for cell in row[1:]) == moves["customers"].sum()
        assert len(rows) == moves["from_group"].nunique()
    segments = report.tables["segments"]
    assert [row[6] for row in cells.tables["segments"][1:]] == [f"{share(v)} %" for v in segments["stayed_away"]]
    assert [row[2] for row in cells.tables["segments"][1:]] == [f"{v:,}" for v in segments["customers"]]
    differences = report.tables["differences"]
    assert [row[2] for row in cells.tables["differences"][1:]] == [signed(v, 3) for v in differences["difference"]]


def test_the_headline_of_the_page_is_that_of_the_table(text, report):
    """What each sentence is filled with are the table's figures."""
    for row in report.tables["headline"].itertuples():
        card = re.search(rf'data-outcome="{row.outcome}">(.*?)</div>', text, re.DOTALL).group(1)
        filled = [json.loads(html.unescape(attribute)) for attribute in re.findall(r'data-a="([^"]*)"', card)]
        values = next(item for item in filled if "by_model" in item)
        assert values == {
            "list": f"{row.list:,}",
            "by_model": f"{row.by_model:,.0f}",
            "by_rule": f"{row.by_rule:,.0f}",
            "by_chance": f"{row.by_chance:,.0f}",
        }


def filled(part: str) -> dict[str, dict]:
    """The arguments of each text in a part of the page, by its key."""
    texts = re.findall(r'data-t="([^"]*)" data-a="([^"]*)"', part)
    return {name: json.loads(html.unescape(given)) for name, given in texts}


def test_quadrants_and_agreement_of_the_page_are_those_of_the_tables(text, report):
    """Customers, the share that bought again with its interval, days and money; the rank correlation."""
    for row in report.tables["quadrants"].itertuples():
        card = re.search(rf'data-quadrant="{row.quadrant}">(.*?)</div>', text, re.DOTALL).group(1)
        values = filled(card)
        assert f'<p class="figure">{row.customers:,}</p>' in card
        if row.customers:
            assert values["swap.came_back"] == {"share": share(1 - row.stayed_away)}
            assert values["swap.interval"] == {"low": share(1 - row.high), "high": share(1 - row.low)}
            assert values["swap.days"] == {"days": number(row.purchases)}
            assert values["swap.money"] == {"money": count(row.spend)}
    pair = report.tables["agreement"].set_index("pair").loc["rule_model"]
    assert filled(text)["swap.lead"]["correlation"] == number(pair["correlation"])


def test_gain_and_weights_of_the_page_are_those_of_the_tables(text, report):
    """The shares found in the first tenth, fifth and half; the gain of the suggested weights."""
    cells = Cells()
    cells.feed(text)
    curves = report.tables["gain"].query("outcome == 'purchases'").groupby("forecast", sort=False)
    shown = [row[1:] for row in cells.tables["gain-purchases"][1:]]
    assert shown == [[f"{share(curve['share'].iloc[at])} %" for at in (10, 20, 50)] for _, curve in curves]
    later = report.suggestion.gain.set_index("window").loc["later"]
    values = next(given for name, given in filled(text).items() if name.startswith("weights.verdict_"))
    assert values["difference"] == signed(later["difference"], 3)
    assert values["moved"] == count(report.suggestion.moved)


def test_single_customers_are_those_of_the_table(text, report):
    """The page holds each customer's figures to seven digits, and null where there is none."""
    held = embedded(text)["customers"]
    customers = report.tables["customers"]
    assert held["customer_id"] == customers["customer_id"].tolist()
    for name in ("loyalty_score", "expected_purchases", "churn_probability", "spend", "points_visits"):
        values = pd.Series(held[name], dtype=float)
        assert values.to_numpy() == pytest.approx(customers[name].to_numpy(), rel=1e-6, nan_ok=True)


def test_a_hundred_thousand_customers_stay_below_five_megabytes(report):
    """The page holds a random share of them and says so; the files have all."""
    many = 100_000
    tables = dict(report.tables)
    for name in ("customers", "why"):
        table = pd.concat([tables[name]] * (many // len(tables[name]) + 1), ignore_index=True)[:many]
        tables[name] = table.assign(customer_id=[f"customer {n:06}" for n in range(many)])
    index = pd.Index(tables["customers"]["customer_id"])
    compared = replace(
        report.comparison, purchases=pd.Series(tables["customers"]["purchases"].to_numpy(), index, name="purchases")
    )
    text = render_page(replace(report, tables=tables, comparison=compared))
    assert len(text.encode()) < 5_000_000
    assert len(embedded(text)["customers"]["customer_id"]) == PAGE_CUSTOMERS
    assert "hold 5,000 of 100,000 customers, drawn at random" in text


def test_the_sample_is_the_same_every_time_and_even(report):
    """Drawn with a seed, in the order of the table."""
    customers = pd.concat([report.tables["customers"]] * 40, ignore_index=True)
    why = pd.concat([report.tables["why"]] * 40, ignore_index=True)
    many = replace(report, change=None, tables={**report.tables, "customers": customers, "why": why})
    drawn = page_customers(many)
    assert len(drawn) == PAGE_CUSTOMERS
    pd.testing.assert_frame_equal(drawn, page_customers(many))
    assert abs((drawn["purchases"] > 0).mean() - (customers["purchases"] > 0).mean()) < 0.03


def test_the_page_starts_in_the_language_asked_for(report):
    """Its texts and its lang attribute."""
    chinese = render_page(report, "zh")
    assert '<html lang="zh">' in chinese
    assert "规则与模型的比较" in chinese


def test_the_header_speaks_of_what_is_compared(text, report):
    """Rule and model of the comparison; what a service has in service stands beside the look-ups it answers."""
    header = re.search(r"<header>(.*?)</header>", text, re.DOTALL).group(1)
    assert "Compared here: rule version 2 and a model trained for this report on events before 2024-03-01." in header
    assert "in-service" not in header
    assert text.index('id="in-service"') > text.index('id="lookup"')


def test_warnings_stand_in_the_header(report):
    """In both languages, with their figures; what a reason holds is text."""
    warnings = [("warning.champion", {"version": "7", "reason": "<b>gone</b>"})]
    for language, words in (("en", "The champion, version 7, could not be used"), ("zh", "正式模型（版本 7）无法使用")):
        page = render_page(replace(report, warnings=warnings), language)
        header = re.search(r"<header>(.*?)</header>", page, re.DOTALL).group(1)
        assert words in header
        assert "&lt;b&gt;gone" in header


def test_returns_of_the_page_are_those_of_the_tables(text, report):
    """Customers, money and share of both periods, and the largest rows, outliers first."""
    values = filled(text)
    for row in report.tables["returns_total"].itertuples():
        shown = values[f"returns.{row.period}"]
        assert shown["customers"] == count(row.customers)
        assert (shown["returned"], shown["bought"]) == (count(row.returned), count(row.bought))
    cells = Cells()
    cells.feed(text)
    largest = report.tables["returns"].iloc[:10]
    assert [row[3] for row in cells.tables["returns"][1:]] == [number(v) for v in largest["returned"]]
    assert [bool(row[5]) for row in cells.tables["returns"][1:]] == largest["outlier"].tolist()

"""The pages of single customers in a real Chromium: found by id, quick, with the figures of the tables."""

import pytest

from reporting.page.customer_pages import part_of, parts_of
from tests.reporting.conftest import STRANGE
from tests.reporting.page.conftest import DRAWN, drawing_seconds, serious, shown

pytestmark = pytest.mark.needs_chromium


def address(folder, customer: str) -> str:
    """The page of a customer as a link of the report names it."""
    from urllib.parse import quote

    parts = len(list((folder / "customers").iterdir()))
    return f"{(folder / 'customers').as_uri()}/{part_of(customer, parts):05}.html#{quote(customer, safe='')}"


def test_the_report_opens_the_page_of_any_customer(opened, report, report_folder):
    """The look-up links to it, whatever the id is made of; scripts and Python agree on the file."""
    assert len(list((report_folder / "customers").iterdir())) == parts_of(len(report.tables["customers"]))
    page = opened((report_folder / "report.html").as_uri())
    for customer in (STRANGE[0], STRANGE[6], STRANGE[7], STRANGE[8]):
        page.fill("#who", customer)
        page.keyboard.press("Enter")
        link = page.locator("#lookup-status a")
        assert (
            page.evaluate("(link) => link.href", link.element_handle()).rsplit("/", 1)[1].split("#")[0]
            == (address(report_folder, customer).rsplit("/", 1)[1].split("#")[0])
        )
    link.click()
    page.wait_for_selector(DRAWN)
    assert page.locator("#customer-name").inner_text() == STRANGE[8]


def test_a_customer_has_history_score_and_forecast(opened, report, report_folder):
    """Every day with events, the score at each date and the figures of the tables; nothing in an id is run."""
    customers = report.tables["customers"].set_index("customer_id")
    scores, events = report.timelines.scores, report.timelines.events
    for customer in (STRANGE[0], STRANGE[2], STRANGE[6]):
        page = opened(address(report_folder, customer))
        assert page.locator("#customer-name").inner_text() == customer
        mine = events[events["position"] == scores.index.get_loc(customer)]
        assert page.locator("svg.timeline circle.event").count() == len(mine)
        assert page.locator("svg.timeline circle.score-point").count() == scores.loc[customer].notna().sum()
        page.locator("summary").click()
        assert page.locator("#events tbody tr").count() == len(mine)
        row = customers.loc[customer]
        text = page.locator("#customer-card").inner_text()
        assert f"{row['loyalty_score']:.1f} of 100 points" in text
        assert f"{row['expected_purchases']:.2f} purchase days expected in 90 days" in text
        assert (
            f"90 % interval {row['low']:.0f} to {row['high']:.0f} (bar); it became {row['purchases']:.0f} (dot)" in text
        )
        assert page.locator("#customer-view script, #customer-view b").count() == 0


def test_it_opens_within_three_tenths_of_a_second(opened, report_folder):
    """Of processor time, until the picture is drawn; the best of three."""
    customers = (STRANGE[0], STRANGE[2], STRANGE[6])
    times = [drawing_seconds(opened(address(report_folder, customer))) for customer in customers]
    assert min(times) < 0.3


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_it_reads_on_every_width_in_both_languages(opened, report_folder, width, scheme):
    """Nothing is wider than the window, axe finds no serious fault, and the button switches all texts."""
    page = opened(address(report_folder, STRANGE[6]), width=width, color_scheme=scheme, bypass_csp=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    page.locator("summary").click()
    assert serious(page) == []
    page.locator("#language").click()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert "满分 100" in page.locator("#customer-card").inner_text()
    assert "购买" in " ".join(shown(page, "svg.timeline text"))


def test_an_address_without_an_id_asks_for_one(opened, report_folder):
    """Nobody is said to be unknown, on the page and in its title."""
    page = opened((report_folder / "customers" / "00000.html").as_uri())
    status = page.locator("#customer-status").inner_text()
    assert status == "Enter a customer's id, written exactly as in the log."
    assert page.title() == "One customer"
    assert page.locator("#history-card").is_hidden()


def test_an_unknown_id_is_named_and_another_can_be_looked_up(opened, report_folder):
    """The page says so; the field opens the page of another customer."""
    page = opened(f"{(report_folder / 'customers' / '00000.html').as_uri()}#nobody")
    assert "nobody is not among the customers compared on 2024-03-01" in page.locator("#customer-status").inner_text()
    assert page.locator("#history-card").is_hidden()
    page.fill("#who", STRANGE[6])
    page.keyboard.press("Enter")
    page.wait_for_function("(name) => document.getElementById('customer-name').textContent === name", arg=STRANGE[6])
    assert page.evaluate("() => document.getElementById('back').href") == (report_folder / "report.html").as_uri()

"""The page in a real Chromium: opened from disk and served, used by mouse and by keyboard, on two widths."""

import csv
import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reporting.number_formats import count, signed
from reporting.translations import catalogue
from tests.reporting.conftest import STRANGE
from tests.reporting.page.conftest import DRAWN, drawing_seconds, serious, shown

pytestmark = pytest.mark.needs_chromium


def test_it_opens_from_disk_and_draws_everything(opened, report):
    """Every picture is there, the headline says the table's figures, and the page takes two seconds at most."""
    page = opened()
    assert page.locator("main canvas").count() == page.locator("main .chart").count() > 8
    row = report.tables["headline"].iloc[0]
    assert f"{row['by_model']:,.0f}" in page.locator("[data-outcome=purchases]").inner_text()
    assert drawing_seconds(page) < 2


def test_what_is_brushed_is_listed(opened, report):
    """A box dragged over the picture lists the customers within it, with a count and a download."""
    page = opened()
    chart = page.locator("#chart-swap canvas")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 0.15 * box["width"], box["y"] + 0.35 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.85 * box["height"], steps=5)
    page.mouse.up()
    page.wait_for_selector("#listed:not([hidden])")
    score, expected = (
        [float(page.input_value(f"#{name}-{end}")) for end in ("from", "to")] for name in ("score", "expected")
    )
    customers = report.tables["customers"]
    inside = customers["loyalty_score"].between(*score) & customers["expected_purchases"].between(*expected)
    near = customers["loyalty_score"].between(score[0] - 0.01, score[1] + 0.01) & customers[
        "expected_purchases"
    ].between(expected[0] - 0.01, expected[1] + 0.01)
    count = int(page.locator("#listed-count").inner_text().split()[0])
    assert 0 < inside.sum() - (near & ~inside).sum() <= count <= near.sum() < len(customers)


@pytest.mark.parametrize("touch", [False, True])
def test_a_list_of_any_length_is_shown_and_downloaded(opened, report, tmp_path, touch):
    """By keyboard or by touch: the figures of each length are the table's, and the file has that many customers."""
    page = opened(has_touch=touch, width=390 if touch else 1200)
    table = report.tables["list_lengths"]
    contacts = report.tables["contact_lists"]
    for purpose in table["purpose"].unique():
        radio = page.locator(f"input[name=purpose][value={purpose}]")
        if touch:
            radio.tap()
        else:
            radio.focus()
            page.keyboard.press("Space")
        for _ in range(2):
            if touch:
                slider = page.locator("#list-length").bounding_box()
                page.touchscreen.tap(slider["x"] + 0.8 * slider["width"], slider["y"] + slider["height"] / 2)
            else:
                page.locator("#list-length").focus()
                page.keyboard.press("ArrowRight")
            length = int(page.locator("#list-length-shown").inner_text().replace(",", ""))
            row = table.query("purpose == @purpose and list == @length and measure == @purpose").iloc[0]
            cells = shown(page, "#list-result tbody tr >> td:nth-of-type(1)")
            assert cells == [
                count(row["by_model"]),
                count(row["by_rule"]),
                count(row["by_chance"]),
                signed(row["difference"]),
            ]
        for side in ("model", "rule"):
            page.locator(f"button[data-list={side}]").click()
            with page.expect_download() as download:
                page.locator("#list-download").click()
            download.value.save_as(tmp_path / "list.csv")
            rows = list(csv.DictReader(io.StringIO((tmp_path / "list.csv").read_text(encoding="utf-8-sig"))))
            members = contacts.query("purpose == @purpose and side == @side").head(length)
            guarded = [f"'{each}" if each[0] in "=+-@" else each for each in members["customer_id"]]
            assert [each["customer_id"] for each in rows] == guarded
            for row, member in zip(rows, members.itertuples(), strict=True):
                name = catalogue("en")[member.reason] if "." in member.reason else catalogue("en")["reason.forecast"]
                assert row["reason"].startswith(name)
                figures = [float(each) for each in re.findall(r"\d+\.\d+", row["reason"])]
                held = [each for each in (member.reason_value, member.reason_most) if each == each]
                assert figures == pytest.approx(held, abs=0.0501)
            assert all(each["next_step"] for each in rows)


def test_the_swap_set_is_listed_and_downloaded_without_formulas(opened, report, tmp_path):
    """By keyboard: a button lists a quadrant; the file has these customers, what begins like a formula guarded."""
    page = opened()
    for name in ("model_only", "rule_only", "both", "neither"):
        page.locator(f"#quadrants button[data-quadrant={name}]").focus()
        page.keyboard.press("Enter")
        members = report.tables["customers"].query("quadrant == @name")
        assert page.locator("#listed-count").inner_text() == f"{len(members)} customers listed"
        with page.expect_download() as download:
            page.locator("#download").press("Enter")
        download.value.save_as(tmp_path / "list.csv")
        text = (tmp_path / "list.csv").read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        guarded = [f"'{each}" if each[0] in "=+-@" else each for each in members["customer_id"]]
        assert sorted(row["customer_id"] for row in rows) == sorted(guarded)
        expected = {row["customer_id"]: float(row["expected_purchases"]) for row in rows}
        assert list(expected.values()) == pytest.approx(
            members.assign(guarded=guarded).set_index("guarded").loc[list(expected), "expected_purchases"].tolist(),
            rel=1e-6,
        )


def test_the_list_is_sorted_by_its_heads(opened, report):
    """A head pressed sorts by its column, pressed again the other way; numbers in fields list a box."""
    page = opened()
    page.fill("#score-from", "20")
    page.fill("#score-to", "60")
    page.locator("#ranges button[type=submit]").click()
    inside = report.tables["customers"]["loyalty_score"].between(20, 60).sum()
    assert page.locator("#listed-count").inner_text() == f"{inside} customers listed"
    head = page.locator("#list th[data-column=expected_purchases] button")
    for wanted in ("descending", "ascending"):
        head.click()
        assert page.locator("#list th[data-column=expected_purchases]").get_attribute("aria-sort") == wanted
        figures = [float(each) for each in shown(page, "#list tbody td:nth-child(4)")]
        assert figures == sorted(figures, reverse=wanted == "descending")
    page.locator("#clear").click()
    assert page.locator("#listed").is_hidden()


def test_a_customer_is_looked_up_by_keyboard(opened, report):
    """Whatever the id is made of: their score, forecast, parts and reasons are those of the tables."""
    page = opened()
    for customer in (STRANGE[0], STRANGE[2], STRANGE[6], STRANGE[7]):
        page.locator("#who").focus()
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(customer)
        page.keyboard.press("Enter")
        row = report.tables["customers"].set_index("customer_id").loc[customer]
        shown_text = page.locator("#lookup-result").inner_text()
        assert page.locator("#lookup-result h3.figure").inner_text() == customer
        assert f"{row['loyalty_score']:.1f} of 100 points" in shown_text
        assert f"{row['expected_purchases']:.2f} purchase days expected in 90 days" in shown_text
        assert f"churn probability {100 * row['churn_probability']:.1f} %" in shown_text
        points = [each for each in shown(page, "#lookup-result .parts >> nth=0 >> .number") if each != "no data"]
        earned = row.filter(like="points_").dropna()
        weights = {f"points_{part.name}": part.weight for part in report.comparison.formula.parts}
        of_all = sum(weights[name] for name in earned.index)
        assert points == [f"{value:.1f} of {100 * weights[name] / of_all:.1f}" for name, value in earned.items()]
        assert page.locator("#lookup-result script, #lookup-result b").count() == 0


def test_an_unknown_customer_is_named(opened, report):
    """An unknown id is named, and nothing is shown."""
    page = opened()
    page.fill("#who", "<i>nobody</i>")
    page.keyboard.press("Enter")
    shown_text = page.locator("#lookup-status").inner_text()
    assert shown_text == f"<i>nobody</i> is not among the {len(report.tables['customers'])} customers on this page."
    assert page.locator("#lookup-result").is_hidden()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_it_reads_on_every_width_in_light_and_dark(opened, width, scheme):
    """Nothing is wider than the window, axe finds no serious fault, and the button turns light to dark."""
    page = opened(width=width, color_scheme=scheme, bypass_csp=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.locator("html").get_attribute("data-theme") == scheme
    page.locator("#quadrants button").first.click()
    page.fill("#who", STRANGE[6])
    page.keyboard.press("Enter")
    for details in page.locator("summary:visible").all():
        details.click()
    assert serious(page) == []
    before = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    page.wait_for_selector(DRAWN)
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != before


def test_the_language_can_be_switched(opened):
    """The button shows every text in Chinese, with its figures, and back in English."""
    page = opened()
    english = page.locator("main").inner_text()
    page.locator("#language").click()
    page.wait_for_selector(DRAWN)
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("h1").inner_text() == "规则与模型的比较"
    left = page.evaluate(
        "() => [...document.querySelectorAll('[data-t]')].filter((e) => /[{}]/.test(e.textContent)).length"
    )
    assert left == 0
    page.fill("#who", "王小明")
    page.keyboard.press("Enter")
    assert "满分 100" in page.locator("#lookup-result").inner_text()
    assert serious_words(page.locator("main").inner_text()) == []
    page.locator("#language").click()
    page.wait_for_selector(DRAWN)
    assert page.locator("#headline").inner_text() in english


def serious_words(text: str) -> list[str]:
    """English words of the page's own that a Chinese page must not have."""
    return [word for word in ("purchases expected", "How to read", "Churned", "Download") if word in text]


def test_the_keyboard_reaches_everything(opened):
    """Tab goes from the link that skips the menu through menu, buttons and fields, and shows where it is."""
    page = opened()
    here = """() => {
        const e = document.activeElement;
        if (e === document.body) return null;
        return [e.id || e.textContent.trim(), getComputedStyle(e).outlineStyle !== "none"];
    }"""
    reached = []
    page.keyboard.press("Tab")
    while (at := page.evaluate(here)) and len(reached) < 100:
        reached.append(at)
        page.keyboard.press("Tab")
    names = [name for name, _ in reached]
    assert names[0] == "Skip to the report"
    assert {"language", "theme", "score-from", "expected-to", "clear", "who"} <= set(names)
    assert [name for name, seen in reached if not seen] == []


class Service(BaseHTTPRequestHandler):
    """What the service answers, as its contract has it, and the page as it hands it out."""

    page: Path
    asked: list[dict]
    broken = False

    def do_GET(self):
        if self.path == "/":
            self._answer(self.page.read_bytes(), "text/html; charset=utf-8")
        elif self.path == "/versions":
            versions = {"formula": {"version": "7"}, "model": {"version": "3"}, "since": "2024-03-02T08:00:00Z"}
            self._answer(json.dumps(versions).encode(), "application/json")
        else:
            self.send_error(404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({"path": self.path, **body, "key": self.headers.get("Authorization")})
        if self.broken:
            self.send_error(503)
            return
        known = body["customer_ids"] == [STRANGE[6]]
        score = {
            "customer_id": STRANGE[6],
            "loyalty_score": 61.5,
            "loyalty_parts": {"purchases": {"score": 0.5, "contribution": 40.25}},
            "coverage": 0.7,
            "expected_purchases": 2.75,
            "expected_purchases_interval": {"low": 0, "high": 6, "content": 0.9},
            "churn_probability": 0.125,
            "expected_spend": 99.5,
        }
        answer = {"scores": [score] if known else [], "unknown": [] if known else body["customer_ids"]}
        answer |= {"formula_version": "7", "as_of": "2024-06-01", "timezone": "UTC", "horizon_days": 30}
        self._answer(json.dumps(answer).encode(), "application/json")

    def _answer(self, body: bytes, kind: str):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def served(written) -> Iterator[tuple[str, type[Service]]]:
    kind = type("Served", (Service,), {"page": written, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", kind
    server.shutdown()
    thread.join()
    server.server_close()


def test_served_it_asks_the_service(opened, served):
    """A look-up shows the service's answer first, then the page's own data; the service reports an unknown id."""
    address, service = served
    page = opened(address)
    page.wait_for_selector("#in-service:not([hidden])")
    assert page.locator("#in-service").inner_text() == (
        "Look-ups are answered by the service: rule version 7, model version 3, in service since 2024-03-02 08:00. "
        "They are not the versions compared on this page. How to request scores"
    )
    page.fill("#who", STRANGE[6])
    page.keyboard.press("Enter")
    page.wait_for_selector("#live")
    live = page.locator("#live").inner_text()
    for text in ("61.5 of 100", "40.3", "2.75 purchase days expected in 30 days", "0 to 6", "12.5 %", "99.50"):
        assert text in live
    assert page.locator("#lookup-status").inner_text().startswith("From the service, as of 2024-06-01 ")
    assert page.locator("#lookup-status a").get_attribute("href").startswith("customers/0000")
    page.fill("#who", "nobody")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=The service has no customer nobody.")
    assert service.asked[0] == {"path": "/score_customers", "customer_ids": [STRANGE[6]], "key": None}


def test_a_service_that_does_not_answer_leaves_the_page_of_use(browser, served):
    """The page's own data is shown, with the reason."""
    address, service = served
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector(DRAWN)
    service.broken = True
    page.fill("#who", STRANGE[6])
    page.keyboard.press("Enter")
    page.wait_for_selector("#lookup-result:not([hidden])")
    assert "The service did not answer (503" in page.locator("#lookup-status").inner_text()
    assert page.locator("#lookup-result h3.figure").inner_text() == STRANGE[6]
    page.close()


def test_a_finger_selects_where_the_button_is_pressed(browser, written, report):
    """On a touch screen a drag draws a box, and the customers in it are listed with their count."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(written.as_uri())
    page.wait_for_selector(DRAWN)
    page.locator("#touch-select").tap()
    page.evaluate("() => document.getElementById('chart-swap').scrollIntoView({block: 'center', behavior: 'instant'})")
    box = page.locator("#chart-swap canvas").bounding_box()
    across, down = (
        [box["x"] + share * box["width"] for share in (0.25, 0.9)],
        [box["y"] + share * box["height"] for share in (0.3, 0.8)],
    )
    session = context.new_cdp_session(page)
    for kind, step in (("touchStart", 0.0), *(("touchMove", step / 5) for step in range(1, 6)), ("touchEnd", 1.0)):
        point = {"x": across[0] + step * (across[1] - across[0]), "y": down[0] + step * (down[1] - down[0])}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else [point]})
    page.wait_for_selector("#listed:not([hidden])")
    score, expected = (
        [float(page.input_value(f"#{name}-{end}")) for end in ("from", "to")] for name in ("score", "expected")
    )
    customers = report.tables["customers"]
    near = customers["loyalty_score"].between(score[0] - 0.01, score[1] + 0.01)
    near &= customers["expected_purchases"].between(expected[0] - 0.01, expected[1] + 0.01)
    assert 0 < int(page.locator("#listed-count").inner_text().split()[0]) <= near.sum()
    context.close()

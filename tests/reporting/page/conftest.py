"""A real Chromium for the tests of pages, and what they ask of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reporting.build import Report
from reporting.report_folder import write_report

DRAWN = "html[data-drawn=yes]"


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """Debian's Chromium, driven by Playwright."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium to open the page in: install Debian's `chromium`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, which CI is.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, written):
    """Opens the page and notes what it must not do: errors, warnings, and requests to anywhere."""
    wrong: list[str] = []

    def opened(address: str = written.as_uri(), width: int = 1440, **options):
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.set_default_timeout(120_000)
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        home = address.rsplit("/", 1)[0]
        page.on("request", lambda sent: wrong.append(sent.url) if not sent.url.startswith((home, "data:")) else None)
        page.goto(address)
        page.wait_for_selector(DRAWN)
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert wrong == []


def drawing_seconds(page) -> float:
    """Processor time of the page's main thread to load and draw it again; a busy machine adds nothing."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.reload()
    page.wait_for_selector(DRAWN)
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(each["value"] for each in metrics if each["name"] == "ThreadTime")


def shown(page, selector: str) -> list[str]:
    return [each.strip() for each in page.locator(selector).all_text_contents()]


def serious(page) -> list[str]:
    """What axe-core finds against WCAG that is serious or worse."""
    from axe_playwright_python.sync_playwright import Axe

    result = Axe().run(page).response
    assert len(result["passes"]) > 20
    grave = [each for each in result["violations"] if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {each['nodes'][0]['html'][:150]}" for each in grave]


@pytest.fixture(scope="module")
def report_folder(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole folder of the report, with the pages of the customers."""
    folder = tmp_path_factory.mktemp("report")
    write_report(folder, report)
    return folder

"""Take the pictures of a report for the docs: `python examples/pictures.py report.html docs/images`; needs Chromium."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

WIDTH, HEIGHT = 1440, 1000


def take_pictures(report: Path, folder: Path) -> list[Path]:
    """Write the first screen, the rule workshop, the base over time and a customer's page as PNG files; return them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce")
        page.goto(report.absolute().as_uri())
        page.wait_for_selector("html[data-drawn=yes]", timeout=120_000)
        files = [folder / name for name in ("report.png", "workshop.png", "base.png", "customer.png")]
        page.screenshot(path=files[0])
        for file, show in zip(files[1:], (_workshop, _base, _customer), strict=True):
            show(page)
            page.wait_for_timeout(500)
            page.screenshot(path=file, full_page=file.stem == "customer")
        browser.close()
    return files


def _customer(page: Page) -> None:
    """Open the page of the first customer whom the model names for a win-back: who has bought and fell silent."""
    page.locator("input[name=purpose]").nth(1).check()
    page.locator("#contacts tbody button.link").first.click()
    page.locator("#lookup-status a").click()
    page.wait_for_selector("html[data-drawn=yes]")
    page.wait_for_selector("svg.timeline")


def _workshop(page: Page) -> None:
    """Double the weight of the amount, and show who moves."""
    weight = page.locator("#weight-amount")
    weight.fill(str(2 * float(weight.input_value())))
    page.locator("#workshop-movers summary").click()
    _top(page, "workshop")


def _base(page: Page) -> None:
    _top(page, "base")


def _top(page: Page, section: str) -> None:
    page.evaluate("id => document.getElementById(id).scrollIntoView()", section)


if __name__ == "__main__":
    for picture in take_pictures(Path(sys.argv[1]), Path(sys.argv[2])):
        print(picture)

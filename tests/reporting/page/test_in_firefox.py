"""The report and a customer's page in Debian's Firefox: three widths, light and dark, both languages, and on paper."""

import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.firefox import Firefox, firefox
from tests.reporting.conftest import STRANGE

PROGRAM = shutil.which("firefox-esr") or shutil.which("firefox")

pytestmark = [
    pytest.mark.needs_firefox,
    pytest.mark.skipif(PROGRAM is None, reason="Firefox is not here: install Debian's firefox-esr"),
]
ENTER = "\ue007"
SHOW = """(() => {{
  const html = document.documentElement;
  if (html.dataset.theme !== "{theme}") document.getElementById("theme").click();
  if (!html.lang.startsWith("{language}")) document.getElementById("language").click();
}})()"""
WIDER = """[...document.querySelectorAll(".card input, .card button, .card .chart")]
  .filter((each) => each.offsetParent && !each.closest(".scroll"))
  .filter((each) => each.getBoundingClientRect().right > each.closest(".card").getBoundingClientRect().right)
  .map((each) => each.id || each.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """A Firefox, whose pages must neither fail nor warn."""
    with firefox(str(PROGRAM), tmp_path_factory.mktemp("firefox")) as running:
        yield running
        assert running.wrong == []


@pytest.mark.parametrize("width", [390, *(pytest.param(width, marks=pytest.mark.slow) for width in (1024, 1440))])
def test_the_report_reads_on_every_width(tab: Firefox, written: Path, width: int) -> None:
    """All charts are drawn, in both themes and languages; nothing is wider than its card or the window."""
    tab.open(written.as_uri(), width)
    for theme in ("light", "dark"):
        for language in ("en", "zh"):
            tab.evaluate(SHOW.format(theme=theme, language=language))
            tab.wait_until_drawn()
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.evaluate(WIDER) == []
            drawn, places = tab.evaluate(
                "['main .chart canvas', 'main .chart'].map((each) => document.querySelectorAll(each).length)"
            )
            assert drawn == places > 8
            assert tab.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme


@pytest.mark.slow
def test_axe_finds_nothing_serious(tab: Firefox, report_folder: Path) -> None:
    """Neither on the report nor on a customer's page, light and dark."""
    from axe_playwright_python.base import AXE_SCRIPT

    for file in ("report.html", "customers/00000.html"):
        tab.open((report_folder / file).as_uri())
        for theme in ("light", "dark"):
            tab.evaluate(SHOW.format(theme=theme, language="en"))
            tab.wait_until_drawn()
            tab.run(AXE_SCRIPT)
            found = tab.evaluate(
                "axe.run().then((result) => [result.passes.length, result.violations"
                ".filter((each) => ['serious', 'critical'].includes(each.impact))"
                ".map((each) => each.id + ': ' + each.nodes[0].html.slice(0, 150))])"
            )
            assert found[0] > 10
            assert found[1] == []


def test_a_customer_is_looked_up_by_keyboard(tab: Firefox, report_folder: Path) -> None:
    """The look-up shows the customer and links to the page, which opens."""
    tab.open((report_folder / "report.html").as_uri())
    tab.evaluate("document.getElementById('who').focus()")
    tab.press(STRANGE[6] + ENTER)
    address = tab.evaluate("document.querySelector('#lookup-status a').href")
    assert tab.evaluate("document.querySelector('#lookup-result h3.figure').textContent") == STRANGE[6]
    tab.open(address)
    assert tab.evaluate("document.getElementById('customer-name').textContent") == STRANGE[6]
    assert tab.evaluate("document.querySelectorAll('svg.timeline circle.event').length") > 0


@pytest.mark.slow
def test_the_report_is_printed(tab: Firefox, written: Path) -> None:
    """On several sheets."""
    tab.open(written.as_uri())
    objects = b""
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", tab.print(), re.DOTALL):
        with suppress(zlib.error):  # pictures are packed in other ways
            objects += zlib.decompressobj().decompress(packed)
    assert len(re.findall(rb"/Type\s*/Page\b", objects)) > 5

"""The manager's page holds what the terminal says, a line a rep, the border and what would change the plan."""

from dataclasses import replace
from html import escape
from pathlib import Path

import pytest

from planning.files.page import write_plan_page
from planning.files.plan_summary import sentences
from planning.plan_folder import Plan


def test_everything_is_there(tmp_path: Path, plan: Plan) -> None:
    """Each sentence in both languages; reps with links; the border; what if; nothing unescaped, nobody left alone."""
    write_plan_page(tmp_path / "plan.html", plan)
    text = (tmp_path / "plan.html").read_text(encoding="utf-8")
    for english, chinese in sentences(plan.manifest):
        assert escape(english).replace("&#x27;", "&#39;") in text
        assert escape(chinese) in text
    for piece in (
        'href="reps/r07.html"',
        'href="reps/王芳.html"',
        "last in",
        "first out",
        "budget +20 %",
        "without R07",
    ):
        assert piece in text
    assert "mind &lt;this&gt;" in text
    assert "a &lt;shop&gt;" in text
    assert "HELD-OUT" not in text


def test_actions_are_named_once(tmp_path: Path, plan: Plan) -> None:
    """A channel that is called like its action is left out; rows drawn to learn have a line of their own, explained."""
    write_plan_page(tmp_path / "plan.html", plan)
    text = (tmp_path / "plan.html").read_text(encoding="utf-8")
    table = text[text.index('<section id="actions">') : text.index('<section id="reps">')]
    assert "<td>phone</td>" in table
    assert 'visit <span class="muted">' in table
    assert table.count("<tr>") == 1 + 4  # visit, phone, coupon_5, drawn to learn
    assert "drawn to learn" in table
    assert "the price of learning" in table
    write_plan_page(tmp_path / "none.html", replace(plan, manifest={**plan.manifest, "exploration": []}))
    assert "drawn to learn" not in (tmp_path / "none.html").read_text(encoding="utf-8")


def test_a_what_if_without_a_change_or_a_plan(tmp_path: Path, plan: Plan) -> None:
    """Is stated in words."""
    budget = {"change": "budget", "name": "budget", "factor": 1.2}
    none = {"value": None, "difference": None, "chosen": None}
    rows = [{**budget, "value": 4000.0, "difference": 0.0, "chosen": 6}, {**budget, "factor": 0.8, **none}]
    write_plan_page(tmp_path / "plan.html", replace(plan, manifest={**plan.manifest, "what_if": rows}))
    text = (tmp_path / "plan.html").read_text(encoding="utf-8")
    table = text[text.index('<section id="what-if">') : text.index('<section id="passed-over">')]
    assert "nothing changes" in table
    assert "not possible: a minimum cannot be reached" in table
    assert "没有变化" in table


def test_a_plan_of_nothing(tmp_path: Path, plan: Plan) -> None:
    """Is a page too."""
    value = {"rows": 0, "counts": {}, "expected": 0.0, "low": 0.0, "high": 0.0, "cost": 0.0, "guessed": False}
    empty = {"borderline": {"last_in": [], "first_out": []}, "what_if": [], "limits": [], "warnings": []}
    holdout = {"chosen": 0, "control": 0, "minimum_detectable_lift": None, "measured": None}
    manifest = {**plan.manifest, **empty, "value": value, "holdout": holdout}
    write_plan_page(tmp_path / "plan.html", Plan(plan.items[:0], manifest))
    assert "Nothing is planned for week 2026-W48" in (tmp_path / "plan.html").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.needs_chromium
def test_pages_fit_a_phone_in_both_languages(tmp_path: Path, plan: Plan) -> None:
    """No sideways scrolling at 390 px, no error in the console, and the button changes the language."""
    from playwright.sync_api import sync_playwright

    from planning.files.outputs import write_files

    write_files(tmp_path, replace(plan))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        messages: list[str] = []
        page.on("console", lambda message: messages.append(message.text))
        for name in ("plan.html", "reps/r07.html"):
            page.goto(f"file://{tmp_path / name}")
            for language in ("en", "zh-CN"):
                assert page.evaluate("document.documentElement.lang") == language
                assert page.evaluate("document.documentElement.scrollWidth") <= 390
                page.click("#language")
        browser.close()
    assert messages == []

"""The summary of a retrain as Markdown."""

from typing import Any

from cli.retrain_summary import markdown

APPEND = {"sources": ["a|b.csv"], "rows_in": 1200, "kept": 1100, "seen": 90, "quarantined": 10, "duplicates": 0}
GATE = {"passed": False, "question": "refit", "reasons": ["log: 3 times the usual"], "figures": {"a": 0.5, "b": None}}
SCORE = {"customers": 300, "as_of": "2024-04-08", "champion": 2, "file": "scores.parquet"}


def facts(status: str, error: str | None = None, **steps: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": "r",
        "home": "var",
        "status": status,
        "error": error,
        "steps": {n: {"seconds": 1.26, **s} for n, s in steps.items()},
    }


def test_a_refusal_says_why_and_who_stays() -> None:
    """Each step is a row with its seconds; reasons and figures follow; a bar in a name does not break the table."""
    text = markdown(
        facts(
            "refused",
            append=APPEND,
            fit={"version": 3, "candidate": "standard"},
            gate=GATE,
            promote={"promoted": False, "champion": 2, "reasons": GATE["reasons"]},
            publish={"tag": None, "reason": "no new champion"},
            score=SCORE,
            report={"file": None, "reason": "too short"},
        )
    )
    assert text.startswith("# Retrain r: refused by the gate; the champion in service stays\n")
    assert "| append | a\\|b.csv: 1,200 rows, 1,100 kept, 90 seen, 10 quarantined, 0 duplicates | 1.3 |" in text
    assert "| fit | version 3 (standard) | 1.3 |" in text
    assert "| gate | a refit of the recipe in service was refused | 1.3 |" in text
    assert "| promote | nothing moved; champion is version 2 | 1.3 |" in text
    assert "| publish | nothing: no new champion | 1.3 |" in text
    assert "| score | 300 customers at 2024-04-08 by champion version 2: scores.parquet | 1.3 |" in text
    assert "| report | none: too short | 1.3 |" in text
    assert text.count("- log: 3 times the usual\n") == 1
    assert "\n`regulars promote --version 3 --force --reason TEXT` promotes version 3 all the same.\n" in text
    assert "| a | 0.5 |\n| b | - |\n" in text


def test_a_challenger_that_a_new_champion_ends_is_named() -> None:
    """Whoever watches it reads here that there is nothing more to watch."""
    for ended, words in ((True, "regulars:3-a, and no challenger runs beside it any more"), (False, "regulars:3-a")):
        text = markdown(facts("done", publish={"tag": "regulars:3-a", "new": True, "ended_challenger": ended}))
        assert f"| publish | {words} | 1.3 |" in text


def test_every_row_is_accounted_for() -> None:
    """Merged line items, left-out rows and made returns are named where there are any, and why rows are quarantined."""
    append = APPEND | {"kept": 1050, "merged": 30, "left_out": 25, "added": 5, "quarantined_by_reason": {"no time": 10}}
    text = markdown(facts("done", append=append))
    assert (
        "1,050 kept, 90 seen, 10 quarantined, 0 duplicates, 30 line items merged, 25 left out by the profile, "
        "5 returns made of refunds; quarantined: 10 no time |"
    ) in text


def test_a_failure_shows_its_line() -> None:
    """Also before any step has ended."""
    text = markdown(facts("failed", "no space left"))
    assert text.startswith("# Retrain r: failed\n\n**no space left**\n")


def test_a_first_run_without_a_champion() -> None:
    """Scores are by the rule alone, and it says so."""
    text = markdown(
        facts(
            "refused",
            append={"sources": []},
            fit={"version": 1, "candidate": "standard"},
            promote={"promoted": False, "champion": None, "reasons": ["speed: 9 ms"]},
            score=SCORE | {"champion": None},
        )
    )
    assert "| append | no sources given |" in text
    assert "| promote | there is no champion |" in text
    assert "by the rule alone" in text
    assert text.startswith("# Retrain r: refused by the gate, and no champion is in service\n")
    assert "`regulars promote --version 1 --force --reason TEXT` promotes version 1 all the same" in text
    assert "- speed: 9 ms\n" in text

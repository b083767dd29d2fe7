"""`regulars score`: the scores of the library, with who leads and how the base spreads."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from cli.score import _show_totals
from features.engines.feature_table import feature_table
from features.loyalty.formula import load_formula
from features.loyalty.scoring import score
from features.store.event_store import open_store
from serving.batch_parts import ScoreTotals
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]


def test_the_file_holds_the_scores(store: Path, regulars: Regulars) -> None:
    """The file equals `score` over `feature_table` at that date."""
    assert regulars("score", store, "--as-of", "2024-05-01", "--out", "scores.parquet").code == 0
    found = pd.read_parquet("scores.parquet").set_index("customer_id")
    expected = score(feature_table(open_store(store), "2024-05-01"), load_formula())
    assert list(found["band"]) == list(expected["band"])
    pd.testing.assert_frame_equal(found.drop(columns="band"), expected.drop(columns="band"))


def test_a_table_holds_the_rows_of_the_file(store: Path, regulars: Regulars) -> None:
    """One cutoff, several, and again: rows are replaced, and the file's other tables are not asked for."""
    columns = ("score", store, "--out", "sqlite:///scores.db?table=scores", "--as-of")
    assert regulars("score", store, "--as-of", "2024-05-01", "--out", "scores.parquet").code == 0
    expected = pd.read_parquet("scores.parquet")
    for dates in (["2024-05-01"], ["2024-04-01", "--as-of", "2024-05-01"], ["2024-05-01", "--quiet"]):
        ended = regulars(*columns, *dates)
        assert ended.code == 0, ended.error
    assert "formula version 2 -> sqlite:///scores.db?table=scores\n" in regulars(*columns, "2024-05-01").error
    with closing(sqlite3.connect("scores.db")) as connection:
        found = pd.read_sql("SELECT * FROM scores ORDER BY as_of, customer_id", connection)
    latest = found[found["as_of"] == found["as_of"].max()].drop(columns=["as_of", "horizon_days"])
    pd.testing.assert_frame_equal(latest.reset_index(drop=True).astype(expected.dtypes), expected)
    assert found["as_of"].nunique() == 2
    assert not Path("var/table-parts").exists()


@pytest.mark.parametrize(
    ("out", "code", "words"),
    [
        ("postgresql://ann:hidden@127.0.0.1:1/shop", 2, "names no table"),
        ("mysql://ann:hidden@127.0.0.1:1/shop?table=x", 2, "is no table of scores"),
        ("postgresql://ann:hidden@127.0.0.1:1/shop?table=x", 1, "cannot be reached"),
    ],
)
def test_a_table_that_cannot_be_written_is_a_line(
    store: Path, regulars: Regulars, out: str, code: int, words: str
) -> None:
    """Bad addresses before any work; never a password or a traceback."""
    ended = regulars("score", store, "--as-of", "2024-05-01", "--out", out)
    assert (ended.code, words in ended.error) == (code, True)
    assert "hidden" not in ended.error
    assert "Traceback" not in ended.error


def test_leaders_and_bands_are_shown(store: Path, regulars: Regulars) -> None:
    """Standard error names the most loyal with the points of each part, every band, and the version of the rule."""
    ended = regulars("score", store, "--as-of", "2024-05-01", "--out", "scores.parquet")
    rows = [line.split() for line in ended.error.splitlines()]
    assert ["customer_id", "score", "purchases", "amount", "usage", "visits"] in rows
    assert "the log has no data of them for feedback\n" in ended.error
    assert [row[0] for row in rows if row and row[0] in ("anna", "ben", "cleo")] == ["anna", "cleo", "ben"]
    assert ["bronze", "3", "100.0%"] in rows
    assert ["gold", "0", "0.0%"] in rows
    assert ended.error.endswith(", formula version 2 -> scores.parquet\n")
    assert ended.out == ""


def test_tied_leaders_are_named_as_tied(tmp_path: Path, regulars: Regulars) -> None:
    """Of seven customers with the highest score five are shown, with how many are tied; alone nobody is."""
    rows = "".join(f"c{number},2024-01-05,purchase,5000\n" for number in range(7))
    (tmp_path / "log.csv").write_text("customer_id,event_time,event_type,amount\n" + rows)
    ended = regulars("score", "log.csv", "--as-of", "2024-05-01", "--out", "s.parquet")
    assert "7 customers are tied at 47.6 points: of these the first 5 by id are shown\n" in ended.error
    (tmp_path / "log.csv").write_text(f"customer_id,event_time,event_type,amount\n{rows[:50]}")
    assert "tied" not in regulars("score", "log.csv", "--as-of", "2024-05-01", "--out", "s.parquet").error


def test_json_has_the_figures_of_the_text(store: Path, regulars: Regulars) -> None:
    """--json prints one object: how it ended, the totals, and tables with numbers."""
    ended = regulars("score", store, "--as-of", "2024-05-01", "--out", "scores.parquet", "--json")
    found = json.loads(ended.out)
    scores = pd.read_parquet("scores.parquet")
    assert ended.error == ""
    assert (found["verb"], found["exit_code"], found["values"]["customers"]) == ("score", 0, 3)
    assert found["values"]["mean_loyalty_score"] == scores["loyalty_score"].mean()
    leaders = found["tables"][0]
    shown = [row[leaders["columns"].index("score")] for row in leaders["rows"]]
    assert shown == sorted(scores["loyalty_score"], reverse=True)


def test_a_formula_of_ones_own(store: Path, formula: Path, regulars: Regulars) -> None:
    """--formula takes another rule: its parts, bands and version."""
    ended = regulars("score", store, "--as-of", "2024-05-01", "--out", "s.parquet", "--formula", formula)
    assert ended.code == 0
    found = pd.read_parquet("s.parquet").set_index("customer_id")
    assert dict(found["loyalty_score"]) == {"anna": 100.0, "ben": 50.0, "cleo": 0.0}
    assert dict(found["band"]) == {"anna": "high", "ben": "high", "cleo": "low"}
    assert "mean score 50.0, formula version ours-7" in ended.error


def test_a_log_without_amounts_is_told(tmp_path: Path, regulars: Regulars) -> None:
    """Where the log has no amounts the amount part is left out for everyone, and that is said."""
    (tmp_path / "log.csv").write_text("customer_id,event_time,event_type\nanna,2024-01-05,purchase\n")
    ended = regulars("score", "log.csv", "--as-of", "2024-05-01", "--out", "s.parquet")
    assert "left out for all customers, because the log has no amounts: amount\n" in ended.error
    assert "part_amount" not in pd.read_parquet("s.parquet")


def test_nobody_known_is_no_fault(store: Path, regulars: Regulars) -> None:
    """Before the first event there is nobody to score: an empty file with its columns."""
    ended = regulars("score", store, "--as-of", "2001-01-01", "--out", "s.parquet")
    assert ended.code == 0
    assert "0 customers at 2001-01-01, no score" in ended.error
    assert len(pd.read_parquet("s.parquet")) == 0


def test_an_id_cannot_steer_the_terminal(tmp_path: Path, regulars: Regulars) -> None:
    """Ids are shown as they are, markup and control characters included, and do nothing."""
    (tmp_path / "log.csv").write_text(
        "customer_id,event_time,event_type\n[red]an[/]na\x1b[31m,2024-01-05,purchase\n[/],2024-01-05,purchase\n"
    )
    ended = regulars("score", "log.csv", "--as-of", "2024-05-01", "--out", "[b]s.parquet")
    assert ended.code == 0
    assert r"[red]an[/]na\x1b[31m" in ended.error
    assert "\x1b" not in ended.error
    assert ended.error.endswith("-> [b]s.parquet\n")


def test_several_cutoffs_make_a_folder(store: Path, regulars: Regulars, capsys: pytest.CaptureFixture[str]) -> None:
    """A name without an ending is a folder of parts, with totals at each cutoff; one file has one cutoff."""
    dates = ("--as-of", "2024-03-01", "--as-of", "2024-05-01")
    ended = regulars("score", store, *dates, "--out", "scores", "--json")
    found = json.loads(ended.out)
    assert found["tables"][0]["columns"] == ["as_of", "customers", "mean score"]
    for as_of, customers, mean in found["tables"][0]["rows"]:
        rows = pd.read_parquet(f"scores/as_of={as_of}/bucket=000")
        expected = score(feature_table(open_store(store), as_of), load_formula())
        assert list(rows["loyalty_score"]) == list(expected["loyalty_score"])
        assert (customers, mean) == (len(expected), expected["loyalty_score"].mean())
    ended = regulars("score", store, *dates, "--out", "scores")
    assert ended.error.endswith("2 cutoffs, formula version 2 -> scores\n")
    totals = {"2024-03-01": ScoreTotals(3, 3, 50.123, 318.11416850481675, 1_001.5001)}
    _show_totals(totals, SimpleNamespace(horizon_days=90, version="4"), "2", Path("scores"))  # type: ignore[arg-type]
    shown = capsys.readouterr().err
    assert "318" in shown
    assert "1,002" in shown
    assert "318.1" not in shown
    ended = regulars("score", store, *dates, "--out", "s.parquet")
    assert ended.code == 2
    assert "s.parquet is one file, and there are 2 cutoffs: name a folder" in ended.error
    ended = regulars("score", store, *dates, "--out", "scores", "--indices", "i.csv")
    assert ended.code == 2
    assert "`regulars indices` has any dates" in ended.error


def test_without_a_champion_the_rule_alone_is_scored(store: Path, regulars: Regulars) -> None:
    """Nothing is registered: the command says so and how to get a model, and leaves no tracking store behind."""
    ended = regulars("score", store, "--as-of", "2024-05-01", "--out", "scores.parquet")
    assert "no model is registered in var, so the file has the rule score only: `regulars fit` makes one" in ended.error
    assert not Path("var").exists()
    alone = regulars("score", store, "--as-of", "2024-05-01", "--out", "s.parquet", "--rule-only")
    assert "no model" not in alone.error


def test_every_option_reaches_the_library(
    call_of: Callable, store: Path, tmp_path: Path, formula: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Horizon, value, discount, formula and home are those of the scores; the champion's formula is the default."""
    card = SimpleNamespace(timezone="UTC", as_of="2024-04-01")
    champion = SimpleNamespace(card=card, formula=load_formula())
    homes = []
    monkeypatch.setattr("cli.score.champion_in_use", lambda home: (homes.append(home), ((champion, "4"), None))[1])
    arguments = ("score", store, "--as-of", "2024-05-01", "--out", tmp_path / "s.parquet")
    options = ("--horizon-days", 7, "--value-days", 30, "--discount-rate", 0.2, "--formula", formula, "--home", "there")
    call = call_of("serving.batch.write_scores", *arguments, *options)
    forecasts = call["forecasts"]
    assert (forecasts.model, forecasts.version, forecasts.horizon_days) == (champion, "4", 7)
    assert (forecasts.value_days, forecasts.discount_rate) == (30, 0.2)
    assert (str(homes[0]), call["formula"].version, call["as_of"]) == ("there", "ours-7", "2024-05-01")
    call = call_of("serving.batch.write_scores", *arguments)
    assert (str(homes[1]), call["formula"]) == ("var", champion.formula)
    assert (call["forecasts"].horizon_days, call["forecasts"].value_days) == (90, None)
    assert call_of("serving.batch.write_scores", *arguments, "--rule-only")["forecasts"] is None


@pytest.mark.parametrize(
    ("timezone", "as_of", "warning"),
    [
        ("Asia/Tokyo", "2024-04-01", "trained with days in Asia/Tokyo, the log has days in UTC"),
        ("UTC", "2024-05-02", "trained on events before 2024-05-02, so at 2024-05-01 it knows later events"),
        ("UTC", "2024-05-01", ""),
    ],
)
def test_a_champion_of_other_days_is_warned_of(
    store: Path, timezone: str, as_of: str, warning: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another time zone, or a cutoff after that of the scores, is one warning; the same cutoff is none."""
    from cli.champion import warn_of_champion

    warn_of_champion(SimpleNamespace(timezone=timezone, as_of=as_of), open_store(store), "2024-05-01")
    assert warning in capsys.readouterr().err.replace("\n", " ")
    if not warning:
        assert "warning" not in capsys.readouterr().err

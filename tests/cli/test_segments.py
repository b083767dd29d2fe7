"""`regulars segments` learns boundaries once, and shows sizes, spend and moves."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from features.segments.segmentation import load_segmentation
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]


@pytest.fixture
def learnt(regulars: Regulars, store: Path, tmp_path: Path) -> Path:
    """A file of segments with boundaries of the store."""
    ended = regulars("segments", store, "--learn", "segments.toml")
    assert ended.code == 0
    assert "boundaries learnt at 2024-03-21 -> segments.toml" in ended.error
    return tmp_path / "segments.toml"


def test_boundaries_are_learnt_once(regulars: Regulars, store: Path, learnt: Path) -> None:
    """A later run uses those of the file, at whatever dates, and leaves it as it is."""
    text = learnt.read_text()
    boundaries = load_segmentation(learnt).learnt()
    assert boundaries.as_of == "2024-03-21"
    ended = regulars("segments", store, "--segments", learnt, "--every", "20d", "--until", "2024-06-01")
    assert ended.code == 0
    assert learnt.read_text() == text


def test_sizes_and_moves_are_files(regulars: Regulars, store: Path, learnt: Path, tmp_path: Path) -> None:
    """Three customers are known at the end, one of them never bought."""
    ended = regulars(
        *("segments", store, "--segments", learnt, "--every", "20d"), *("--out", "s.csv", "--moves", "m.parquet")
    )
    assert ended.code == 0
    sizes, moves = pd.read_csv(tmp_path / "s.csv"), pd.read_parquet(tmp_path / "m.parquet")
    last = sizes[sizes["as_of"] == "2024-03-21"].set_index("segment")
    assert last["customers"].sum() == 3
    assert last.at["none", "customers"] == 1
    assert last["monetary"].sum() == 55.5
    assert moves[moves["as_of"] == "2024-03-21"]["customers"].sum() == 3
    assert "RFM segments at 2024-03-21" in ended.error


def test_names_are_in_the_language_asked_for(regulars: Regulars, store: Path, learnt: Path) -> None:
    """Chinese on request; files keep the names."""
    assert "冠军客户" in regulars("segments", store, "--segments", learnt, "--language", "zh").error
    assert "champions" in regulars("segments", store, "--segments", learnt).error


def test_without_boundaries_it_says_how_to_learn_them(regulars: Regulars, store: Path) -> None:
    """Exit code 1."""
    ended = regulars("segments", store)
    assert (ended.code, "`regulars segments STORE --learn segments.toml` does" in ended.error) == (1, True)


def test_score_has_the_segments_of_the_settings(regulars: Regulars, store: Path, learnt: Path, tmp_path: Path) -> None:
    """Classes and name a customer, and the sizes; without the setting neither."""
    verb = ("score", store, "--as-of", "2024-03-21", "--rule-only", "--out", "s.parquet")
    assert "segment" not in regulars(*verb).error
    assert "segment" not in pd.read_parquet(tmp_path / "s.parquet")
    (tmp_path / "regulars.toml").write_text(f'[segments]\nfile = "{learnt.name}"\n')
    ended = regulars(*verb, "--indices", "i.csv")
    assert "customers by RFM segment" in ended.error
    scores = pd.read_parquet(tmp_path / "s.parquet").set_index("customer_id")
    assert scores.loc["cleo", ["rfm_recency", "segment"]].isna().all()
    assert scores["segment"].notna().sum() == 2
    assert pd.read_csv(tmp_path / "i.csv")["name"].tolist() == ["satisfaction", "loyalty", "purchases"]
    assert "indices of the base (customers with a value): purchases 0.083 of 3" in ended.error


@pytest.mark.parametrize("verb", ["score", "features"])
def test_a_log_that_is_old_or_begins_later_is_said(regulars: Regulars, store: Path, verb: str) -> None:
    """With the dates and the days between; a log of the last month is not."""

    def said(as_of: str) -> str:
        return regulars(verb, store, "--as-of", as_of, "--out", "o.parquet").error

    assert "warning: the log ends on 2024-03-20, 31 days before 2024-04-20" in said("2024-04-20")
    assert "warning: the log ends" not in said("2024-04-19")
    assert "warning: the log begins on 2024-01-05, so nobody is known at 2023-01-01" in said("2023-01-01")

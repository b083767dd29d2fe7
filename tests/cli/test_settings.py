"""The settings file as the command uses it: found, checked before any work, and overridden by options."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.settings import SECTIONS, ingest_settings, section_class
from features import settings_file
from tests.cli.conftest import Ended

Regulars = Callable[..., Ended]
ROOT = Path(__file__).parents[2]


def test_the_sections_are_those_of_the_file() -> None:
    """Each section that a file may have has a dataclass here, and the other way round."""
    assert sorted(SECTIONS) == sorted(settings_file.SECTIONS)
    assert [name for name in SECTIONS if not is_dataclass(section_class(name))] == []


def test_the_command_imports_nothing_that_reads_settings() -> None:
    """The event words are read at import, so `--config` must come before."""
    code = "import sys, cli.main; print(*[name for name in sys.modules if name.split('.')[0] == 'features'])"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ
    )
    assert set(ended.stdout.split()) == {
        *("features", "features.errors", "features.known_names", "features.plurals", "features.scratch_folders"),
        "features.settings_file",
    }


def test_the_classes_of_sections_need_no_extra() -> None:
    """A settings file is written and checked where only the base is installed."""
    heavy = ("sklearn", "mlflow", "bentoml", "scipy", "limits", "starlette", "numba")
    code = (
        "import sys\n"
        f"for name in {heavy!r}: sys.modules[name] = None\n"
        "from cli.settings import check_settings\nfrom cli.settings_page import settings_file\n"
        "check_settings(); settings_file()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=os.environ)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[fit]\nhorizonz = [30]\n", "unknown key 'horizonz': did you mean 'horizons'?"),
        ("[fits]\nhorizons = [30]\n", "unknown section 'fits': did you mean 'fit'?"),
        ("[trials]\ncount = 0\n", "[trials]: count of the trials is 0, expected at least 1"),
        ("[serve]\nrate = 'often'\n", "[serve]: 'often' is no rate: write it like 100/second"),
        ("[serve]\nport = 0\n", "[serve]: port is 0, expected a number from 1 to 65535"),
        ("[store]\ntimezone = 'Mars/Base'\n", "[store]: time zone 'Mars/Base' is not in the IANA database"),
        ("[store]\nmemory_limit = 'much'\n", "[store]: memory_limit is 'much': expected a size"),
        ("[ingest]\nrating_maximum = 0\n", "[ingest]: rating_maximum is 0.0: expected a number above 0"),
        ("[gate]\ncalibration = 2\n", "[gate]: the gate's calibration is 2.0"),
        ("[forecast]\nhorizon_days = 0\n", "[forecast]: horizon_days is 0, expected 1 to 3650 days"),
        ("[formula]\nindex_maxima = {purchase = 5}\n", "[formula]: index_maxima has 'purchase': expected names of"),
        ("fit = [", "not TOML: "),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_mistake_ends_any_verb_before_it_works(
    regulars: Regulars, tmp_path: Path, text: str, line: str, named: bool
) -> None:
    """Exit code 2 and one line, whether the file is named or found, and whichever section the verb reads."""
    path = tmp_path / ("ours.toml" if named else "regulars.toml")
    path.write_text(text)
    ended = regulars(*(["--config", path] if named else []), "simulate", "--customers", 5, "--out", "o.csv")
    assert ended.code == 2
    assert ended.error.startswith(f"regulars: {path}: ")
    assert line in ended.error
    assert ended.error.count("\n") == 1
    assert not (tmp_path / "o.csv").exists()


def test_a_missing_file_is_one_line(regulars: Regulars, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the option or by the variable: exit code 2."""
    ended = regulars("--config", "nowhere.toml", "simulate", "--customers", 5, "--out", "o.csv")
    assert ended == (
        2,
        "",
        "regulars: there is no settings file nowhere.toml: `regulars init nowhere.toml` writes one\n",
    )
    monkeypatch.setenv("REGULARS_CONFIG", "gone.toml")
    ended = regulars("simulate", "--customers", 5, "--out", "o.csv")
    assert (ended.code, "there is no settings file gone.toml" in ended.error) == (2, True)


def test_a_wrong_variable_is_one_line(regulars: Regulars, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named."""
    monkeypatch.setenv("REGULARS_TRIALS_COUNT", "many")
    ended = regulars("simulate", "--customers", 5, "--out", "o.csv")
    assert ended.code == 2
    assert ended.error == "regulars: REGULARS_TRIALS_COUNT is 'many': expected a whole number, found text\n"


SETTINGS = """
[store]
timezone = "Asia/Tokyo"
memory_limit = "300MB"
threads = 1
[ingest]
rating_maximum = 5
decimal = ","
[formula]
part_maxima = {purchases = 3}
[forecast]
horizon_days = 30
[fit]
horizons = [14]
[trials]
horizons = [14]
step_days = 20
[gate]
customers = 7
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A settings file that changes something in each section that training reads."""
    path = tmp_path / "settings.toml"
    path.write_text(SETTINGS)
    return path


def test_ingest_reads_by_the_settings(call_of: Callable, config: Path, log: Path, tmp_path: Path) -> None:
    """An option stands above the environment, which stands above the file."""
    verb = ("ingest", log, "--out", tmp_path / "new")
    call = call_of("features.ingestion.ingest.ingest", "--config", config, *verb, "--memory-limit", "2GB")
    expected = {"timezone": "Asia/Tokyo", "memory_limit": "2GB", "threads": 1, "rating_maximum": 5.0, "decimal": ","}
    assert {key: call[key] for key in expected} == expected
    assert call_of("features.ingestion.ingest.ingest", *verb, "--timezone", "Asia/Seoul")["timezone"] == "Asia/Seoul"


def test_the_settings_of_ingest_are_its_arguments() -> None:
    """So that none is forgotten when one is added."""
    names = [each.name for name in ("store", "ingest") for each in fields(section_class(name))]
    assert list(ingest_settings()) == names


def test_a_raw_log_is_read_by_the_settings(call_of: Callable, config: Path, log: Path, tmp_path: Path) -> None:
    """Where STORE is a log, it is ingested in the settings' time zone."""
    verb = ("features", log, "--as-of", "2024-05-01", "--out", tmp_path / "f.parquet")
    call = call_of("features.ingestion.ingest.ingest", "--config", config, *verb)
    assert (call["timezone"], call["rating_maximum"]) == ("Asia/Tokyo", 5.0)


def test_fit_trains_by_the_settings(call_of: Callable, config: Path, store: Path, tmp_path: Path) -> None:
    """Horizons, trials, the gate's limits and the formula."""
    call = call_of(
        "training.fit_challenger.fit_challenger", "--config", config, "fit", store, "--home", tmp_path / "home"
    )
    settings: Any = call["settings"]
    assert (settings.fit.horizons, settings.trials.step_days, settings.limits.customers) == ((14,), 20, 7)
    assert call["formula"].version == "2:parts.purchases.maximum=3"


def test_backtest_and_compare_train_by_the_settings(
    call_of: Callable, config: Path, store: Path, tmp_path: Path
) -> None:
    """What they fit, and the horizon of a comparison."""
    given = ("--config", config, "backtest", store, "--as-of", "2024-03-01", "--horizon-days", 9, "--out")
    assert call_of("training.backtest.backtests", *given, tmp_path / "b.parquet")["settings"].horizons == (14,)
    call = call_of("reporting.build.make_report", "--config", config, "compare", store, "--out", tmp_path / "report")
    assert (call["settings"].horizons, call["horizon_days"]) == ((14,), 30)


def test_score_uses_the_formula_of_the_settings(
    call_of: Callable, config: Path, store: Path, tmp_path: Path, formula: Path
) -> None:
    """Unless an option names another file."""
    verb = ("--config", config, "score", store, "--as-of", "2024-05-01", "--out", tmp_path / "s.parquet", "--rule-only")
    assert call_of("serving.batch.write_scores", *verb)["formula"].part("purchases").maximum == 3
    assert call_of("serving.batch.write_scores", *verb, "--formula", formula)["formula"].version == "ours-7"

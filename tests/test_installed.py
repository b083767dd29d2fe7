"""The wheel, installed with each extra into a fresh environment: its verbs run, and others name what they need."""

import csv
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.installing import ROOT, build_wheel, done, new_environment, run, running_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Installs the wheel with an extra, in the pinned versions, and returns the folder of its programs."""

    def install(extra: str) -> Path:
        name = f"regulars[{extra}]" if extra else "regulars"
        return new_environment(tmp_path / "environment", f"{name} @ {wheel.as_uri()}")

    return install


def names_the_extra(ended: CompletedProcess[str], extra: str) -> bool:
    """Whether a command ended as it does where an extra is missing: exit code 1 and one line that names it."""
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (line,) = ended.stderr.splitlines()
    return f"pip install 'regulars[{extra}]'" in line


def test_the_base_reads_logs_makes_features_and_scores_by_the_rule(
    installed: Callable[[str], Path], tmp_path: Path
) -> None:
    """Without an extra: simulate, ingest, features, score --rule-only; other verbs and the client name theirs."""
    programs = installed("")
    regulars = programs / "regulars"
    done(run(regulars, "simulate", "--customers", "200", "--out", "log.parquet", cwd=tmp_path))
    done(run(regulars, "ingest", "log.parquet", "--out", "store", cwd=tmp_path))
    done(run(regulars, "features", "store", "--as-of", "2024-01-01", "--out", "features.parquet", cwd=tmp_path))
    rule = ("score", "store", "--as-of", "2024-01-01", "--rule-only", "--out", "scores.parquet")
    done(run(regulars, *rule, cwd=tmp_path))
    assert names_the_extra(run(regulars, "fit", "store", cwd=tmp_path), "train")
    assert names_the_extra(run(regulars, "compare", "store", "--out", "report", cwd=tmp_path), "train")
    assert names_the_extra(run(regulars, "history", cwd=tmp_path), "train")
    assert names_the_extra(run(regulars, "serve", cwd=tmp_path), "serve")
    code = "import regulars; print(regulars.feature_table(regulars.open_store('store'), '2024-01-01').shape[0])"
    assert int(done(run(programs / "python", "-c", code, cwd=tmp_path))) > 0
    code = "import regulars\ntry:\n    regulars.Client\nexcept regulars.RegularsError as error:\n    print(error)"
    assert "pip install 'regulars[client]'" in done(run(programs / "python", "-c", code, cwd=tmp_path))


def test_the_extra_of_the_client_asks_a_service(installed: Callable[[str], Path], tmp_path: Path) -> None:
    """Both clients and their types are there without any library of the service; nobody listens at the address."""
    code = (
        "import asyncio, regulars, pyarrow\n"
        "from serving.plan_types import PlanRecord\n"
        "from serving.request_types import Customer\n"
        "log = pyarrow.table({'customer_id': ['a'], 'event_type': ['purchase']})\n"
        "try:\n    regulars.Client('http://127.0.0.1:9', retries=0).score(log)\n"
        "except regulars.RegularsError as error:\n    print(type(error).__name__)\n"
        "asked = regulars.AsyncClient('http://127.0.0.1:9', retries=0)\n"
        "try:\n    asyncio.run(asked.jobs.submit([Customer('a', [])]))\n"
        "except regulars.RegularsError as error:\n    print(type(error).__name__)\n"
    )
    python = installed("client") / "python"
    assert done(run(python, "-c", code, cwd=tmp_path)).split() == ["ServiceUnreachableError"] * 2


def test_train_fits_promotes_and_compares(installed: Callable[[str], Path], tmp_path: Path) -> None:
    """With [train]: fit, promote, history, backtest and compare; publish names [serve]."""
    regulars = installed("train") / "regulars"
    log = ROOT / "examples" / "online_retail_ii.parquet"
    done(run(regulars, "ingest", log, "--out", "store", "--timezone", "Europe/London", cwd=tmp_path))
    done(run(regulars, "fit", "store", "--quick", cwd=tmp_path))
    done(run(regulars, "promote", "--force", "--reason", "a test", cwd=tmp_path))
    history = run(regulars, "history", cwd=tmp_path)
    done(history)
    assert "a test" in history.stderr
    forecast = ("--as-of", "2011-09-01", "--horizon-days", "60", "--out", "backtest.parquet")
    done(run(regulars, "backtest", "store", *forecast, cwd=tmp_path))
    done(run(regulars, "compare", "store", "--quick", "--out", "report", cwd=tmp_path))
    assert names_the_extra(run(regulars, "publish", cwd=tmp_path), "serve")


def test_plan_plans_a_week_and_takes_its_records(installed: Callable[[str], Path], tmp_path: Path) -> None:
    """With [plan]: a table of customers, a plan with its files, and records of it; fit names [train]."""
    regulars = installed("plan") / "regulars"
    done(run(regulars, "simulate", "--customers", "200", "--out", "log.parquet", cwd=tmp_path))
    done(run(regulars, "ingest", "log.parquet", "--out", "store", cwd=tmp_path))
    (tmp_path / "customers.csv").write_text("customer_id,rep\nC1,R1\n")
    done(run(regulars, "customers", "customers.csv", "--store", "store", cwd=tmp_path))
    done(run(regulars, "plan", "store", "--out", "plans/first", cwd=tmp_path))
    assert list((tmp_path / "plans/first/reps").glob("*.xlsx"))
    crm = tmp_path / "plans/first/crm.csv"
    blank = run(regulars, "record", "plans/first", crm, cwd=tmp_path)
    assert (blank.returncode, "nothing is filled in" in blank.stderr) == (1, True)
    with crm.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= {"status": "skipped", "reason": "bad_moment"}
    with (tmp_path / "filled.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    records = run(regulars, "record", "plans/first", "filled.csv", cwd=tmp_path)
    assert (records.returncode, " 1 used" in records.stderr) == (0, True), records.stderr
    assert names_the_extra(run(regulars, "fit", "store", cwd=tmp_path), "train")


def test_serve_answers_and_makes_keys(installed: Callable[[str], Path], tmp_path: Path) -> None:
    """With [serve]: the service answers, by the rule alone where nothing is published; fit names [train]."""
    regulars = installed("serve") / "regulars"
    done(run(regulars, "key", "shop", "--keys", "keys.toml", cwd=tmp_path))
    done(run(regulars, "simulate", "--customers", "200", "--out", "log.parquet", cwd=tmp_path))
    assert names_the_extra(run(regulars, "fit", "log.parquet", cwd=tmp_path), "train")
    with running_service(regulars, tmp_path):
        pass

"""A package of another project adds events, features, a model and a metric: they work in all verbs and the service."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.simulate import Truth, simulate
from tests.installing import ROOT, build_wheel, done, new_environment, run, running_service
from tests.needing_spark import with_spark
from tests.ports import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
PLUGIN = Path(__file__).parent / "plugin"
AS_OF = "2025-06-01"
COLUMNS = [
    *("tickets_90", "tickets_by_wechat", "ticket_left_open_share"),
    *("spend_net_of_tickets", "days_since_last_ticket", "purchases_after_ticket"),
]
SETTINGS = """
[candidates]
models = ["shrunken_rate", "standard"]
baselines = ["own_rate", "bg_nbd"]

[trials]
count = 1
horizons = [90]
"""
TICKET = {"event_type": "service_ticket", "event_time": "2025-03-07T10:00:00Z", "amount": 150.25, "channel": "wechat"}
CUSTOMER = {
    "customer_id": "anna",
    "events": [
        {"event_type": "purchase", "event_time": "2025-01-05T10:00:00Z", "amount": 10.0},
        {"event_type": "purchase", "event_time": "2025-03-05T10:00:00Z", "amount": 10.0},
        {"event_type": "visit", "event_time": "2025-03-06T10:00:00Z", "channel": "wechat"},
    ],
}


def log_with_tickets(customers: int) -> pd.DataFrame:
    """A simulated log where tickets follow some purchases, and some visits are by WeChat."""
    log = simulate(Truth(), customers=customers, seed=3)[0].to_pandas()
    rng = np.random.default_rng(3)
    bought = log[(log["event_type"] == "purchase") & (rng.random(len(log)) < 0.3)]
    late = pd.to_timedelta(rng.integers(1, 40 * 86_400, len(bought)), unit="s")
    tickets = pd.DataFrame(
        {
            "customer_id": bought["customer_id"].to_numpy(),
            "event_time": (bought["event_time"] + late).to_numpy(),
            "event_type": "service_ticket",
            "amount": np.where(rng.random(len(bought)) < 0.5, rng.integers(1, 20_000, len(bought)) / 100, np.nan),
            "channel": rng.choice(["web", "wechat", None], len(bought)),
            "outcome": rng.choice(["solved", "left_open", None], len(bought)),
        }
    )
    log = pd.concat([log, tickets], ignore_index=True)
    log.loc[(log["event_type"] == "visit") & (rng.random(len(log)) < 0.2), "channel"] = "wechat"
    return log


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheels of this project and of the plugin."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(PLUGIN, source)
    return (
        build_wheel(ROOT, tmp_path_factory.mktemp("wheel")),
        build_wheel(source, tmp_path_factory.mktemp("plugin_wheel")),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, wheels: tuple[Path, Path]) -> Path:
    """A working folder: the environments `with_plugin` and `without`, a log, its store, and settings."""
    folder = tmp_path_factory.mktemp("work")
    wheel, plugin = wheels
    regulars = f"regulars[train,serve] @ {wheel.as_uri()}"
    new_environment(folder / "without", regulars)
    programs = new_environment(folder / "with_plugin", regulars, f"acme-tickets @ {plugin.as_uri()}")
    log_with_tickets(600).to_parquet(folder / "log.parquet", index=False)
    (folder / "regulars.toml").write_text(SETTINGS)
    (folder / "allowing.toml").write_text(f"{SETTINGS}\n[gate]\nallow_uncompiled = true\n")
    done(run(programs / "regulars", "ingest", "log.parquet", "--out", "store", cwd=folder))
    return folder


@pytest.fixture(scope="module")
def published(folder: Path) -> Path:
    """The folder with two versions in the model store: the better of both candidates, and last the plugin's own."""
    regulars = folder / "with_plugin" / "bin" / "regulars"
    allowing = (regulars, "--config", "allowing.toml")
    both = run(regulars, "fit", "store", cwd=folder)
    done(both)
    (folder / "fit.txt").write_text(both.stderr)
    done(run(regulars, "promote", "--force", "--reason", "the first", cwd=folder))
    done(run(regulars, "publish", cwd=folder))
    own = ("--home", "own")  # a record of its own, so that the first candidate is not compared with a champion
    done(run(regulars, "fit", "store", "--quick", *own, cwd=folder))
    (folder / "refused.txt").write_text(run(regulars, "promote", *own, cwd=folder).stderr)
    done(run(*allowing, "promote", "--force", "--reason", "the plugin's", *own, cwd=folder))
    not_allowed = run(regulars, "publish", *own, cwd=folder)
    assert not_allowed.returncode == 1
    assert "the model shrunken_rate has no compiled form" in not_allowed.stderr
    assert "set [gate] allow_uncompiled = true" in not_allowed.stderr
    done(run(*allowing, "publish", *own, cwd=folder))
    return folder


def test_features_are_equal_in_batch_online_and_in_sql(folder: Path) -> None:
    """Of all customers in a store; signed and fractional values are among them, and the page of columns has them."""
    shutil.copy(ROOT / "tests" / "features" / "sql_oracle.py", folder)
    shutil.copy(PLUGIN / "engines_agree.py", folder)
    programs = folder / "with_plugin" / "bin"
    done(run(programs / "regulars", "features", "store", "--as-of", AS_OF, "--out", "features.parquet", cwd=folder))
    script = ("engines_agree.py", "store", "log.parquet", "features.parquet", AS_OF)
    assert done(run(programs / "python", *script, cwd=folder)).split() == COLUMNS
    table = pd.read_parquet(folder / "features.parquet")
    assert (table["spend_net_of_tickets"] < 0).any()
    assert (table["ticket_left_open_share"].dropna() % 1 > 0).any()
    assert [name for name in (*COLUMNS, "visits_wechat") if not table[name].fillna(0).any()] == []
    page = done(run(programs / "python", "-m", "features.definitions", cwd=folder))
    assert "### Service tickets\n\nFrom the plugin tickets.\n" in page
    assert [name for name in COLUMNS if f"| `{name}` |" not in page] == []


def test_model_and_metric_take_part_in_trials(published: Path) -> None:
    """In `fit` and `backtest`; the model that was better is fitted with the covariate, in its compiled form too."""
    printed = (published / "fit.txt").read_text()
    assert "fitting shrunken_rate, standard" in printed
    assert "top tenth share" in printed
    assert "top_tenth_share: higher is better" in printed
    (compiled,) = (published / "bentoml" / "models" / "regulars").glob("*/bundle/compiled.json")
    (declared,) = (
        rest for name, *rest in json.loads(compiled.read_text())["count"]["declared"] if name == "tickets_90"
    )
    assert declared[0] == "log1p"
    command = ("backtest", "store", "--as-of", AS_OF, "--horizon-days", "90", "--model", "shrunken_rate")
    regulars = published / "with_plugin" / "bin" / "regulars"
    ended = run(regulars, *command, "--quick", "--out", "backtest.parquet", cwd=published)
    done(ended)
    assert "top tenth share" in ended.stderr
    assert "shrunken_rate by segment" in ended.stderr
    assert pd.read_parquet(published / "backtest.parquet")["expected_purchases"].notna().all()


def test_the_gate_asks_for_a_compiled_form(published: Path) -> None:
    """Unless the settings allow a model without one; the line names the setting."""
    assert (
        "refused: form: the model has no compiled form; set [gate] allow_uncompiled"
        in (published / "refused.txt").read_text()
    )


def request(address: str, body: object = None) -> Any:
    """The JSON of a response, of an error too."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(address, data, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=60) as response:
            return json.load(response)
    except urllib.error.HTTPError as problem:
        return json.load(problem)


def test_the_model_is_served(published: Path) -> None:
    """/versions names model and package, a ticket changes a score, impossible rows are refused; batch says the same."""
    regulars = published / "with_plugin" / "bin" / "regulars"
    done(run(regulars, "features", "store", "--as-of", AS_OF, "--out", "rows.parquet", cwd=published))
    table = pd.read_parquet(published / "rows.parquet")
    rows = json.loads(table[table["spend_net_of_tickets"] < 0].head(5).to_json(orient="records"))
    done(
        run(
            regulars,
            "score",
            "store",
            "--as-of",
            AS_OF,
            "--horizon-days",
            "90",
            "--home",
            "own",
            "--out",
            "s.parquet",
            cwd=published,
        )
    )
    batch = pd.read_parquet(published / "s.parquet").set_index("customer_id")
    with running_service(regulars, published) as address:
        versions = request(f"{address}/versions")
        assert set(COLUMNS) < set(versions["features"])
        assert (versions["model"]["model"], versions["model"]["compiled"]) == ("shrunken_rate", False)
        assert versions["model"]["libraries"]["acme-tickets"] == "1.2.0"
        question = {"as_of": AS_OF, "horizon_days": 90}
        without, with_ticket = (
            request(f"{address}/score", question | {"customers": [{**CUSTOMER, "events": events}]})["scores"][0]
            for events in (CUSTOMER["events"], [*CUSTOMER["events"], TICKET | {"outcome": "left_open"}])
        )
        assert with_ticket["expected_purchases"] == pytest.approx(without["expected_purchases"] / 2)
        faults = [{**CUSTOMER, "events": [TICKET | {"outcome": "lost"}]}]
        unknown = request(f"{address}/score", question | {"customers": faults})
        assert [error["path"] for error in unknown["errors"]] == ["customers/0/events/0/outcome"]
        scores = request(f"{address}/score_features", question | {"rows": rows})["scores"]
        assert [score["expected_purchases"] for score in scores] == pytest.approx(
            batch.loc[[row["customer_id"] for row in rows], "expected_purchases"].tolist()
        )
        wrong = request(f"{address}/score_features", question | {"rows": [rows[0] | {"tickets_90": 0.5}]})
        assert [error["path"] for error in wrong["errors"]] == ["rows/0/tickets_90"]
        assert "service_ticket" in json.dumps(request(f"{address}/docs.json"))


def test_without_the_plugin_a_version_is_refused(published: Path) -> None:
    """By the service, in one line that names the package: the plugin's model, and the standard one with its column."""
    regulars = published / "without" / "bin" / "regulars"
    store = published / "bentoml" / "models" / "regulars"
    latest = (store / "latest").read_text()
    for version in sorted(folder.name for folder in store.glob("*-*")):
        (store / "latest").write_text(version)
        ended = run(regulars, "serve", "--port", str(free_port()), cwd=published)
        assert ended.returncode == 1, ended.stderr
        (line,) = ended.stderr.splitlines()
        assert line.startswith(f"regulars: regulars:{version} is refused: ")
        assert "acme-tickets 1.2.0" in line
    (store / "latest").write_text(latest)


@with_spark
def test_spark_gives_the_same_file(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    """`features --engine spark` writes what `features` does, to the last bit, where the plugin is on the path."""
    with zipfile.ZipFile(wheels[1]) as wheel:
        wheel.extractall(tmp_path / "packages")
    log_with_tickets(400).to_parquet(tmp_path / "log.parquet", index=False)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path / 'packages'}"}
    commands = (
        ("ingest", "log.parquet", "--out", "store", "--timezone", "Asia/Shanghai"),
        ("features", "store", "--as-of", AS_OF, "--out", "local.parquet"),
        ("features", "store", "--as-of", AS_OF, "--out", "spark.parquet", "--engine", "spark"),
    )
    for command in commands:
        ended = subprocess.run(
            [sys.executable, "-m", "cli.main", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    local, spark = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("local", "spark"))
    assert set(COLUMNS) < set(local.column_names)
    assert spark.equals(local)


PAGE = (ROOT / "docs" / "how-to" / "plugins.md").read_text()


def test_the_plugin_of_the_documentation_works(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    """The files of docs/how-to/plugins.md, built and installed: its commands run and show what it adds."""
    source = tmp_path / "shop-trips"
    source.mkdir()
    for name, text in re.findall(r'```\w+ title="(.*?)"\n(.*?)```', PAGE, re.DOTALL):
        (source / name).write_text(text)
    plugin = build_wheel(source, tmp_path / "wheel")
    regulars = f"regulars[train] @ {wheels[0].as_uri()}"
    programs = new_environment(tmp_path / "environment", regulars, f"shop-trips @ {plugin.as_uri()}")
    log = simulate(Truth(), customers=300, seed=4)[0].to_pandas()
    trips = log[log["event_type"] == "purchase"].sample(frac=0.3, random_state=1)[["customer_id", "event_time"]]
    trips = trips.assign(event_type="trip", channel="bus", event_time=trips["event_time"] - pd.Timedelta(days=3))
    pd.concat([log, trips], ignore_index=True).to_parquet(tmp_path / "log.parquet", index=False)
    done(run(programs / "regulars", "ingest", "log.parquet", "--out", "store", cwd=tmp_path))
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    printed = {}
    for line in commands.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        if program != "pip":
            ended = run(programs / program, *arguments, cwd=tmp_path)
            done(ended)
            printed[arguments[-1]] = ended.stdout + ended.stderr
    assert "| `trips_90` | trips | trips in the last 90 days | never |" in printed["features.definitions"]
    table = pd.read_parquet(tmp_path / "features.parquet")
    assert table["trips_90"].any()
    assert table["purchases_after_trip"].any()
    assert "last_year by segment" in printed["backtest.parquet"]
    assert "mean error" in printed["backtest.parquet"]

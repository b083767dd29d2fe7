"""Six weeks of `regulars retrain` on the example log, with all that happens to a loop, beside a service under load.

Every command is a process of its own, and so is the service, which a caller asks all the while. Bad fits are planted by
an entry script that changes what a fit returns, or by a store that lacks half its log.
"""

import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any, NamedTuple

import httpx
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.serving.running import REQUEST, Running, eventually, running
from tests.training.logs import cut
from training.promote import history
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.versions import versions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
FIRST, SIXTH = date(2011, 10, 29), date(2011, 12, 10)
"""The first log is until the one, and the sixth week ends at the other, as the log does."""
FOLLOWED_WITHIN = 2.0
"""Seconds, of most publications: on a busy machine one may take longer."""
SETTINGS = """
[candidates]
baselines = ["base_rate", "bg_nbd"]
[fit]
horizons = [30, 90]
[gate]
draws = 100
[retrain]
report = false
"""
"""Fewer windows and baselines, for speed; the recipe, the trials and every limit of the gate are as usual."""
PLANTED = '''
"""`regulars`, but the fit to the whole log is a bad one."""
import dataclasses, sys
import cli.main, training.fit, training.fit_challenger
from training.targets import log_end

kind = sys.argv.pop(1)
sound_fit, sound_window = training.fit_challenger.fit_candidates, training.fit.window
SWAPPED = {"recency": "days_since_last_purchase", "days_since_last_purchase": "recency"}

def swapped_window(*arguments):
    made = sound_window(*arguments)
    features = made.features.rename(columns=SWAPPED)[list(made.features.columns)]
    features["recency"] = features["recency"].where(features["frequency"] > 0, 0.0)
    return dataclasses.replace(made, features=features)

def bad_fit(store, as_of, **given):
    if str(as_of.date) != str(log_end(store).date):
        return sound_fit(store, as_of, **given)
    training.fit.window = swapped_window if kind == "features swapped" else sound_window
    fitted = sound_fit(store, as_of, **given)
    training.fit.window = sound_window
    if kind == "parameters scaled":
        for model in fitted.values():
            model.purchases.bg_nbd_.params_["alpha"] *= 4
    return fitted

training.fit_challenger.fit_candidates = bad_fit
cli.main.run()
'''


class Ended(NamedTuple):
    """How a command ended: its exit code, what it wrote to standard error, and a retrain's summary."""

    code: int
    error: str
    summary: dict[str, Any]


class Answer(NamedTuple):
    """When a request was answered (seconds since 1970), its status, 0 if it was lost, and the version that answered."""

    answered: float
    status: int
    version: str | None


@dataclass
class Loop:
    """A shop in a folder, its service and its caller, and what the commands came to."""

    folder: Path
    ended: dict[str, Ended] = field(default_factory=dict)
    kills: list[dict[str, Any]] = field(default_factory=list)
    published: list[tuple[float, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def tracking(self) -> Tracking:
        return open_tracking(self.folder / "home", read_only=True)

    def start(self, arguments: tuple[object, ...], planted: str | None, report: bool) -> "subprocess.Popen[str]":
        environment = os.environ | {"BENTOML_HOME": str(self.folder / "bento"), "PYTHONPATH": str(ROOT)}
        environment |= {"REGULARS_CONFIG": str(self.folder / "regulars.toml")}
        environment |= {"REGULARS_RETRAIN_REPORT": "true"} if report else {}
        environment.pop("MLFLOW_TRACKING_URI", None)
        entry = ["-m", "cli.main"] if planted is None else ["-c", PLANTED, planted]
        command = [sys.executable, *entry, *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=self.folder, env=environment, text=True, **pipes)

    def run(self, name: str, *arguments: object, planted: str | None = None, report: bool = False) -> Ended:
        """Run a command to its end, and note what it published."""
        out, error = (process := self.start(arguments, planted, report)).communicate()
        assert out == "", f"{name} wrote to standard output: {out}"
        summary = self.latest_summary() if arguments[0] == "retrain" else {}
        self.ended[name] = Ended(process.returncode, error, summary)
        link = self.folder / "bento" / "models" / "regulars" / "latest"
        if link.exists() and (not self.published or link.stat().st_mtime > self.published[-1][0]):
            self.published.append((link.stat().st_mtime, link.read_text().partition("-")[0]))
        return self.ended[name]

    def retrain(self, name: str, *sources: object, again: bool = False, **how: Any) -> Ended:
        return self.run(name, *self.retraining(*sources), *["--fit-again"] * again, **how)

    def retraining(self, *sources: object) -> tuple[object, ...]:
        return ("retrain", *sources, "--store", "store", "--home", "home", "--quick")

    def latest_summary(self) -> dict[str, Any]:
        """The summary of the run that began last; empty while there is none."""
        summaries = sorted(self.folder.glob("home/retrain/2*Z*/summary.json"))
        found: dict[str, Any] = json.loads(summaries[-1].read_text()) if summaries else {}
        return found

    def kill_retrain(self, sources: list[str], when: Callable[[dict[str, Any]], bool], seconds: float) -> None:
        """Kill a retrain with signal 9, so many seconds after its summary says what is waited for."""
        before = self.latest_summary()["run"] if not self.kills else ""
        process = self.start(self.retraining(*sources), None, True)
        until = time.monotonic() + 400
        while (now := self.latest_summary())["run"] == before or not when(now["steps"]):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until, now
            time.sleep(0.02)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        self.kills.append(self.latest_summary())

    def follow(self, service: Running) -> None:
        """Wait until /versions has the version that was published last."""
        version = self.published[-1][1]
        eventually(
            lambda: service.ask("GET", "/versions").json()["model"]["version"] == version, f"{version} is in service"
        )


class Caller(Thread):
    """Asks for scores, one request after the other, until the end."""

    def __init__(self, url: str, answers: list[Answer]) -> None:
        super().__init__()
        self.url, self.answers, self.end = url, answers, Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            while not self.end.wait(0.05):
                try:
                    answer = client.post("/score", json=REQUEST)
                except httpx.TransportError:
                    self.answers.append(Answer(time.time(), 0, None))
                    continue
                body = answer.json() if answer.status_code == 200 else {}
                self.answers.append(Answer(time.time(), answer.status_code, body.get("model_version")))


def exports(folder: Path) -> None:
    """Write the first log as week0, the weeks after it, and all of it before the fifth with half its customers.

    A third of the customers is taken, for speed.
    """
    log = pq.read_table(ROOT / "examples" / "online_retail_ii.parquet")
    numbers = pa.array([zlib.crc32(each.encode()) for each in log["customer_id"].to_pylist()])
    shares = pc.subtract(numbers, pc.multiply(pc.divide(numbers, 6), 6))
    log = log.filter(pc.less(shares, 2))
    ends = [each.date() for each in pd.date_range(FIRST, SIXTH, freq="7D")]
    for number, end in enumerate(ends):
        until = cut(log, end)
        pq.write_table(until.slice(len(cut(log, ends[number - 1])) if number else 0), folder / f"week{number}.parquet")
    until = cut(log.append_column("share", shares.filter(pc.less(shares, 2))), ends[4])
    pq.write_table(until.filter(pc.equal(until["share"], 0)).drop_columns(["share"]), folder / "half.parquet")


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """The six weeks."""
    shop = Loop(tmp_path_factory.mktemp("shop"))
    (shop.folder / "regulars.toml").write_text(SETTINGS)
    exports(shop.folder)
    shop.run("first log", "ingest", "week0.parquet", "--out", "store")
    shop.retrain("first fit")
    with running(shop.folder / "bento") as service:
        caller = Caller(service.url, shop.answers)
        caller.start()
        try:
            six_weeks(shop, service)
        finally:
            caller.end.set()
            caller.join()
    return shop


def six_weeks(shop: Loop, service: Running) -> None:
    """What happens in the loop, week by week."""
    shop.follow(service)
    shop.retrain("week 1", "week1.parquet")
    shop.follow(service)
    shop.retrain("week 2, planted", "week2.parquet", planted="parameters scaled")
    shop.retrain("week 2, retried", "week2.parquet")
    shop.retrain("week 2", "week2.parquet", again=True)
    shop.follow(service)
    shop.kill_retrain(["week3.parquet"], lambda steps: "append" in steps, 3.0)
    shop.kill_retrain(["week3.parquet"], lambda steps: "fit" in steps, 0.0)
    shop.retrain("week 3", "week3.parquet", report=True)
    shop.follow(service)
    shop.retrain("week 4, planted", "week4.parquet", planted="features swapped")
    shop.retrain("week 4", "week4.parquet", again=True)
    shop.follow(service)
    shop.run("rollback", "rollback", "--home", "home", "--reason", "complaints from the shops", "--publish")
    shop.follow(service)
    shop.retrain("week 4 again", "week4.parquet")
    shop.run("half of the log", "ingest", "half.parquet", "--out", "store", "--replace")
    shop.retrain("week 5, half of the log", "week5.parquet")
    whole = [f"week{number}.parquet" for number in range(5)]
    shop.run("the whole log", "ingest", *whole, "--out", "store", "--replace")
    shop.retrain("week 5", "week5.parquet")
    shop.follow(service)
    shop.retrain("week 6", "week6.parquet", report=True)
    shop.follow(service)


DONE = ["first fit", *(f"week {number}" for number in range(1, 7))]
REFUSED = ["week 2, planted", "week 4, planted", "week 5, half of the log"]


def test_each_week_ends_with_a_new_champion(loop: Loop) -> None:
    """Code 0 of each week in its turn: the first fit is judged as a recipe, all others as its refits."""
    for name in DONE:
        assert loop.ended[name].code == 0, (name, loop.ended[name].error)
    summaries = [loop.ended[name].summary for name in DONE]
    assert [each["status"] for each in summaries] == ["done"] * 7
    assert [each["steps"]["gate"]["question"] for each in summaries] == ["recipe"] + ["refit"] * 6
    assert {each["steps"]["fit"]["candidate"] for each in summaries} == {"standard"}
    events = [each["steps"]["fit"]["events"] for each in summaries]
    assert events == sorted(set(events))
    for name in ("first log", "half of the log", "the whole log"):
        assert loop.ended[name].code == 0, loop.ended[name].error


@pytest.mark.parametrize("name", REFUSED)
def test_a_planted_bad_fit_is_refused(loop: Loop, name: str) -> None:
    """Code 4, the reasons in the summary and on its page; nothing is promoted or published, everybody is scored."""
    code, error, summary = loop.ended[name]
    assert code == 4, error
    steps = summary["steps"]
    reasons = steps["gate"]["reasons"]
    assert any(reason.startswith("log: " if "half" in name else "agreement: ") for reason in reasons), reasons
    page = (loop.folder / "home" / "retrain" / summary["run"] / "summary.md").read_text()
    assert all(f"- {reason}\n" in page and f"refused: {reason}\n" in error for reason in reasons)
    assert (summary["status"], steps["promote"]["promoted"], steps["publish"]["tag"]) == ("refused", False, None)
    assert steps["score"]["champion"] == steps["promote"]["champion"] < steps["fit"]["version"]
    assert steps["score"]["customers"] > 800
    assert steps["fit"]["version"] not in history(loop.tracking)["to"].tolist()


def test_a_retry_after_a_refusal_fits_nothing(loop: Loop) -> None:
    """Code 4 again, and a line that names the refused version and the option that fits it again, once it is mended."""
    refused, retried, mended = (loop.ended[name] for name in ("week 2, planted", "week 2, retried", "week 2"))
    number = refused.summary["steps"]["fit"]["version"]
    assert retried.code == 4
    assert f"nothing new since version {number}, which the gate refused" in retried.error
    assert "--fit-again" in retried.error
    assert retried.summary == refused.summary
    assert mended.summary["steps"]["fit"]["version"] == number + 1


def test_a_killed_retrain_is_continued_and_fits_nothing_twice(loop: Loop) -> None:
    """Killed in the fit and right after it; the same command goes on behind the last step that was finished."""
    in_fit, after_fit = loop.kills
    summary = loop.ended["week 3"].summary
    assert list(in_fit["steps"]) == ["append"]
    assert "fit" in after_fit["steps"]
    assert "report" not in after_fit["steps"]
    assert in_fit["run"] == after_fit["run"] == summary["run"]
    assert summary["steps"].items() >= after_fit["steps"].items()
    assert f"resuming run {summary['run']}, which had finished: append, fit" in loop.ended["week 3"].error
    made = [each.number for each in versions(loop.tracking) if each.tags.get("retrain") == summary["run"]]
    assert made == [summary["steps"]["fit"]["version"]]


def test_a_rollback_stays(loop: Loop) -> None:
    """It is in the history with its reason, and the same week again is nothing new, with code 3."""
    assert loop.ended["rollback"].code == 0, loop.ended["rollback"].error
    number = {name: ended.summary["steps"]["fit"]["version"] for name, ended in loop.ended.items() if name in DONE}
    moves = history(loop.tracking)
    expected = [number[name] for name in DONE]
    expected.insert(5, number["week 3"])
    assert moves["to"].tolist()[::-1] == expected
    assert "complaints from the shops" in moves.iloc[2].astype(str).tolist()
    again = loop.ended["week 4 again"]
    assert again.code == 3, again.error
    assert f"version {number['week 4']} was fitted to the data that the store has" in again.error
    assert len(versions(loop.tracking)) == len(DONE) + len(REFUSED)


@pytest.mark.parametrize("name", ["week 3", "week 6"])
def test_a_week_has_its_report(loop: Loop, name: str) -> None:
    """Where the settings ask for one: the page, the workbook and the tables."""
    summary = loop.ended[name].summary
    report = loop.folder / summary["steps"]["report"]["file"]
    assert report.stat().st_size > 100_000
    assert (report.parent / "report.xlsx").exists()
    assert any((report.parent / "tables").iterdir())
    assert summary["steps"]["report"]["as_of"] < summary["steps"]["score"]["as_of"]
    assert loop.ended["week 1"].summary["steps"]["report"]["file"] is None


def test_no_request_is_lost(loop: Loop) -> None:
    """Of a thousand and more requests, sent throughout, each is answered with 200."""
    assert len(loop.answers) >= 1000
    assert Counter(answer.status for answer in loop.answers) == {200: len(loop.answers)}


def test_the_service_follows_each_publication(loop: Loop) -> None:
    """Every answer is by the version published last, the rollback's too, mostly within 2 seconds; none goes back."""
    published = [version for _, version in loop.published]
    assert published == [str(number) for number in history(loop.tracking)["to"].tolist()[::-1]]
    by_version = [(version, list(answers)) for version, answers in groupby(loop.answers, lambda each: each.version)]
    assert [version for version, _ in by_version] == published
    assert min(len(answers) for _, answers in by_version[:-1]) > 10  # the end of the caller may come at once
    first = [answers[0].answered for _, answers in by_version]
    late = [answered - moment for answered, (moment, _) in zip(first, loop.published, strict=True)]
    assert median(late[1:]) < FOLLOWED_WITHIN  # the first was there before the service
    assert max(late[1:]) < 10 * FOLLOWED_WITHIN  # also with a machine that stands still for a while

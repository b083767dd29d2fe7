"""Killed at any moment, `fit`, `promote`, `publish` and `retrain` leave no half state, and the next run nothing."""

import json
import random
import shutil
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from features.ingestion.ingest import ingest
from tests.laws.killed import FIT, Killer, Shop, moment, often
from tests.training.logs import START, cut, simulated
from training.registry.mlflow_client import open_tracking
from training.registry.versions import versions

pytestmark = [pytest.mark.timeout(3600)]


@often
def test_fit(shop: Shop, kills: int) -> None:
    """The versions that are there are whole, and a fit that is not killed succeeds whatever was killed before it."""
    code, seconds = shop.run(*FIT)
    assert code == 0, shop.errors()
    draw, killed = random.Random(0), 0
    while killed < kills:
        code, took = shop.run(*FIT, kill_after=moment(draw, seconds))
        assert code in (0, -9), shop.errors()
        if code == 0:  # it was faster than the kill, so the run before was slow: the next kills come earlier
            seconds = took
        killed += code == -9
        shop.is_whole()
    assert shop.run(*FIT)[0] == 0, shop.errors()
    shop.is_whole()
    shop.has_no_leftovers()


@often
def test_promote(shop: Shop, kills: int) -> None:
    """The champion is the version before or the one after, and the history knows which."""
    for _ in range(2):
        assert shop.run(*FIT)[0] == 0, shop.errors()
    words = ("promote", "--home", "home", "--force", "--reason", "a test", "--version")
    code, seconds = shop.run(*words, 1)
    assert code == 0, shop.errors()
    killer = Killer(shop, seconds)
    while killer.killed < kills:
        killer.run(*words, 3 - shop.champion())
        shop.is_whole()
    assert shop.run(*words, 3 - shop.champion())[0] == 0, shop.errors()
    shop.is_whole()
    shop.has_no_leftovers()


@often
def test_publish(shop: Shop, kills: int) -> None:
    """Readers find a whole version each time, and the same command then leaves nothing aside."""
    shop.run(*FIT)
    shop.run("promote", "--home", "home", "--force", "--reason", "a test")
    store = shop.folder / "bento" / "models" / "regulars"
    code, seconds = shop.run("publish", "--home", "home")
    assert code == 0, shop.errors()
    shutil.rmtree(store)
    draw, killed = random.Random(1), 0
    while killed < kills:
        code, _ = shop.run("publish", "--home", "home", kill_after=moment(draw, seconds))
        assert code in (0, -9), shop.errors()
        killed += code == -9
        shop.is_whole()
        if code != -9:  # it was faster than the kill: once more from the beginning
            shutil.rmtree(store)
    assert shop.run("publish", "--home", "home")[0] == 0, shop.errors()
    shop.is_whole()
    shop.has_no_leftovers()


@often
def test_retrain(shop: Shop, kills: int) -> None:
    """A week is finished by repeating its command, is fitted once however often it was killed, and `latest` is it."""
    log = simulated(300, days=480 + 3 * kills)
    for number in range(kills):
        week = cut(log, START + timedelta(days=450 + 3 * number))
        pq.write_table(week, shop.folder / f"until{number}.parquet")
    shutil.rmtree(shop.folder / "store")
    ingest(shop.folder / "until0.parquet", shop.folder / "store")
    words = ("--store", "store", "--home", "home", "--quick")
    code, seconds = shop.run("retrain", "until0.parquet", *words)
    assert code == 0, shop.errors()
    draw, killed, number = random.Random(0), 0, 1
    while killed < kills:
        code, _ = shop.run("retrain", f"until{number}.parquet", *words, kill_after=moment(draw, seconds))
        assert code in (0, 3, 4, -9), shop.errors()
        killed += code == -9
        number = min(number + (code != -9), kills - 1)  # a late kill meets the next week
        shop.is_whole()
    last, _ = shop.run("retrain", f"until{number}.parquet", *words)
    assert last in (0, 3, 4), shop.errors()
    shop.has_no_leftovers()
    folders = sorted(path for path in shop.home.glob("retrain/2*") if path.is_dir())
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in folders]
    assert {each["status"] for each in summaries} <= {"done", "refused"}
    assert (shop.home / "retrain" / "latest").resolve() == folders[-1]
    made = versions(open_tracking(shop.home))
    assert len({each.tags["data_digest"] for each in made}) == len(made)
    assert {each["steps"]["fit"]["version"] for each in summaries} == {each.number for each in made}

"""A challenger is told from the champion by what happened: known truth, written by the log's own writer."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.as_of import AsOf, microseconds
from features.definitions import FEATURE_NAMES
from features.store.event_store import EventStore
from features.timezones import DAY
from monitoring.challenger import Advice, ChallengerComparison, compare_challenger
from monitoring.logged_forecasts import logged_forecasts
from serving.api.feature_rows import Features
from serving.api.parameters import ScoringContext
from serving.forecast_log.forecast_log import ForecastLog
from serving.forecast_log.pseudonyms import PseudonymKeys
from serving.state import Challenger
from tests.training.logs import stored
from training.models.bundle import OUTPUTS
from training.models.rollout import Role

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEKS, CUSTOMERS = 16, 600
IDS = [f"c{at:03}" for at in range(CUSTOMERS)]
RATES = np.random.default_rng(1).gamma(1.5, 0.4, CUSTOMERS)
"""Purchase days a week, of a customer."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """Customers who buy at their own rates, with good and bad weeks for all."""
    rng, rows = np.random.default_rng(4), []
    for day in range(-7, 7 * WEEKS):
        shock = np.exp(0.15 * np.random.default_rng(day // 7 + 9).standard_normal())
        buys = rng.random(CUSTOMERS) < 1 - np.exp(-RATES / 7 * shock)
        rows += [
            (name, MONDAY + timedelta(days=day, hours=12)) for name, bought in zip(IDS, buys, strict=True) if bought
        ]
    names, times = zip(*rows, strict=True)
    kind, amount = ["purchase"] * len(rows), [1.0] * len(rows)
    log = pa.table({"customer_id": names, "event_time": times, "event_type": kind, "amount": amount})
    return stored(log, tmp_path_factory.mktemp("shop"))


class Model:
    """Forecasts from the first feature, a customer's rate a week: as it is, or the same for all to a degree."""

    compiled, digest = None, "d"

    def __init__(self, version: str, knows: float = 1.0, level: float = 1.0) -> None:
        self.version, self.folder, self.knows, self.level = version, Path(f"{version}-abcdefabcdef"), knows, level

    def forecast_table(self, table: pd.DataFrame, day: int, days: int) -> np.ndarray:
        rate = self.knows * table.iloc[:, 0].to_numpy() + (1 - self.knows) * RATES.mean()
        expected = 7 * (1 - np.exp(-rate * self.level / 7)) * days / 7
        found = np.zeros((len(table), len(OUTPUTS)))
        found[:, OUTPUTS.index("expected_purchases")] = expected
        found[:, OUTPUTS.index("churn_probability")] = np.exp(-rate * self.level * days / 7)
        return found


def looked(
    store: EventStore,
    folder: Path,
    role: Role,
    champion: Model,
    other: Model,
    *,
    share: float = 1.0,
    weeks: int = WEEKS,
    drop: float = 0.0,
    before: Sequence[Model] = (),
) -> ChallengerComparison | None:
    """What a look says after everybody was asked for twice a week; a part of the shadow is dropped.

    `before` are the champions of the first half weeks, beside the same challenger.
    """
    keys, now = PseudonymKeys(folder / "keys"), [MONDAY]
    logs = [ForecastLog(folder / "log", keys, 3650, 10**9, lambda: now[0], shadow=shadow) for shadow in (False, True)]
    canary: Any = Challenger(other, role, share)  # type: ignore[arg-type]
    state: Any = SimpleNamespace(
        formula=SimpleNamespace(version="1"),
        canary=canary if role is Role.CANARY else None,
        shadow=other if role is Role.SHADOW else None,
    )
    values = np.ones((CUSTOMERS, len(FEATURE_NAMES)))
    values[:, 0] = RATES
    rng = np.random.default_rng(5)
    champions = [*before, *[champion] * (2 * weeks - len(before))]
    for week in range(weeks):
        for half, at in enumerate((0, 3)):
            state.model = champions[2 * week + half]
            now[0] = MONDAY + timedelta(weeks=week, days=at, hours=10)
            moment = microseconds(now[0])
            context = ScoringContext(state, AsOf.at_time(moment, "UTC"), 28, moment + DAY)
            for log in logs[: 1 + (rng.random() >= drop)]:
                log.answered("/score", Features(IDS, values), context)
                log.flush()
    end = AsOf.at_midnight((MONDAY.date() - date(1970, 1, 1)).days + 7 * weeks, "UTC")
    days = logged_forecasts(store, folder / "log", keys, end).days
    return compare_challenger(store, folder / "log", keys, end, days)


def early(found: ChallengerComparison | None) -> pd.DataFrame:
    assert found is not None
    return found.table[found.table["horizon_days"] == 7].set_index("measure")


def test_a_better_shadow_is_to_be_promoted(shop: EventStore, tmp_path: Path) -> None:
    """One that knows the customers beside one that knows the mean; longer horizons have windows that do not overlap."""
    found = looked(shop, tmp_path, Role.SHADOW, Model("3", knows=0.0), Model("4"))
    assert found is not None
    assert (found.role, found.version, found.champion, found.since) == (Role.SHADOW, "4", "3", "2024-01-01")
    table = early(found)
    assert (table["high"] < 0).all()
    assert (table["weeks"] == WEEKS - 1).all()
    assert (table["forecasts"] == shop.n_customers * (WEEKS - 1)).all()
    assert table["difference"].to_numpy() == pytest.approx((table["challenger"] - table["champion"]).to_numpy())
    assert found.advice is Advice.PROMOTE
    assert found.reason.startswith("promote version 4")
    later = found.table[found.table["horizon_days"] == 28]
    assert later["weeks"].tolist() == [3, 3]


def test_a_worse_shadow_is_to_be_ended(shop: EventStore, tmp_path: Path) -> None:
    """The same two the other way round."""
    found = looked(shop, tmp_path, Role.SHADOW, Model("3"), Model("4", knows=0.0))
    assert found is not None
    assert found.advice is Advice.END
    assert "deviance and log loss" in found.reason


def test_two_equal_versions_are_watched(shop: EventStore, tmp_path: Path) -> None:
    """A level a little too high beside one a little too low, in weeks that differ by more: nothing is known yet."""
    found = looked(shop, tmp_path, Role.SHADOW, Model("3", level=0.98), Model("4", level=1.02))
    assert found is not None
    assert found.advice is Advice.WATCH
    assert found.reason == "keep watching version 4 in shadow: after 15 weeks it may be better or worse"
    assert looked(shop, tmp_path / "one", Role.SHADOW, Model("3"), Model("4"), weeks=2) is not None


def test_what_was_dropped_is_left_out_on_both_sides(shop: EventStore, tmp_path: Path) -> None:
    """Where the shadow has no forecast, the champion's of the same moment does not count."""
    found = looked(shop, tmp_path, Role.SHADOW, Model("3", knows=0.0), Model("4"), drop=0.6)
    assert found is not None
    table = early(found)
    assert (table["weeks"] < WEEKS - 1).all()
    assert (table["forecasts"] == shop.n_customers * table["weeks"]).all()


def test_a_canary_needs_more_than_a_shadow(shop: EventStore, tmp_path: Path) -> None:
    """Other customers, who differ by chance: the interval is far wider than that of pairs, and right all the same."""
    models = Model("3", knows=0.7), Model("4")
    canary = early(looked(shop, tmp_path / "canary", Role.CANARY, *models, share=0.3))
    shadow = early(looked(shop, tmp_path / "shadow", Role.SHADOW, *models))
    assert ((canary["high"] - canary["low"]) > 3 * (shadow["high"] - shadow["low"])).all()
    assert ((canary["low"] < shadow["difference"]) & (shadow["difference"] < canary["high"])).all()
    assert canary["forecasts"].iloc[0] < 0.4 * shadow["forecasts"].iloc[0]


def test_few_customers_are_given_as_the_reason(shop: EventStore, tmp_path: Path) -> None:
    """A canary of 3 % of 600 customers has no week with 50 of them."""
    found = looked(shop, tmp_path, Role.CANARY, Model("3"), Model("4"), share=0.03, weeks=4)
    assert found is not None
    assert (found.advice, found.table["weeks"].sum()) == (Advice.WATCH, 0)
    assert found.reason.endswith("as a canary: no week is over that has outcomes of 50 customers of each version")


def test_a_former_champion_may_be_the_challenger(shop: EventStore, tmp_path: Path) -> None:
    """It was promoted only if it was champion after it was challenger."""
    assert looked(shop, tmp_path, Role.SHADOW, Model("3"), Model("4"), weeks=3) is not None
    end = AsOf.at_midnight((MONDAY.date() - date(1970, 1, 1)).days + 21, "UTC")
    keys = PseudonymKeys(tmp_path / "keys")
    days = logged_forecasts(shop, tmp_path / "log", keys, end).days
    for later, compared in ((-7, True), (7, False)):
        own = days[days["role"] == "shadow"].iloc[[-1]].assign(role="champion")
        own["day"] += later
        own[["first", "last"]] += later * DAY
        found = compare_challenger(shop, tmp_path / "log", keys, end, pd.concat([days, own], ignore_index=True))
        assert (found is not None) is compared


def test_without_a_challenger_there_is_nothing_to_compare(shop: EventStore, tmp_path: Path) -> None:
    """Nor where it was promoted, or ended long ago."""
    assert looked(shop, tmp_path, Role.SHADOW, Model("4"), Model("4")) is None
    end = AsOf.at_midnight((MONDAY.date() - date(1970, 1, 1)).days + 7 * WEEKS, "UTC")
    keys = PseudonymKeys(tmp_path / "keys")
    logged = logged_forecasts(shop, tmp_path / "log", keys, end).days
    champion = logged[logged["role"] == "champion"]
    assert compare_challenger(shop, tmp_path / "log", keys, end, champion) is None
    old = champion.iloc[[0]].assign(role="shadow", model_version="5")
    assert compare_challenger(shop, tmp_path / "log", keys, end, pd.concat([champion, old], ignore_index=True)) is None


@pytest.mark.parametrize(("role", "before"), [(Role.SHADOW, "2222223"), (Role.CANARY, "3322332")])
def test_the_comparison_begins_with_the_later_of_both_terms(
    shop: EventStore, tmp_path: Path, role: Role, before: str
) -> None:
    """A challenger that ran beside another champion before: not a day and not a forecast of that time counts."""
    champions = [Model(number, knows=0.0 if number == "2" else 0.5) for number in before]
    share = 1.0 if role is Role.SHADOW else 0.5
    found = looked(shop, tmp_path, role, Model("3", knows=0.5), Model("4"), share=share, weeks=8, before=champions)
    from_monday = before.endswith("3")
    since = MONDAY + timedelta(weeks=3, days=0 if from_monday else 3)
    assert found is not None
    assert (found.champion, found.since) == ("3", str(since.date()))
    weeks = 4 if from_monday else 3
    assert early(found)["weeks"].tolist() == [weeks, weeks]
    if role is Role.SHADOW:
        assert (early(found)["forecasts"] == shop.n_customers * weeks).all()

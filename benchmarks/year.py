"""A year of the loop on a shop that changes in month seven: `python -m benchmarks.year --picture docs/images/year.png`.

Three ways through the same year: the model of its first day all year, a refit every week, and the model of the first
day until the monitor says otherwise. All are watched every week by what they forecast, as `regulars monitor
--forecast-log` does. From the 27th week on customers buy less, two fifths of their purchases are left out.

Not listening costs log loss and deviance of 28-day forecasts, on the same customers, and money: a visit costs `COST`
and earns `EARNED` for each purchase of the 28 days, and those are visited for whom the forecast says that it pays.
"""

import argparse
import datetime
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.year_picture import draw
from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import TooLittleDataError
from features.loyalty.formula import load_formula
from features.simulate import Truth, simulate
from features.store.event_store import EventStore
from monitoring.intake import Intake, intake
from monitoring.logged_forecasts import FIRST_WEEKS
from monitoring.matured_windows import matured_windows
from monitoring.recommendation import Action, recommendation
from monitoring.weekly_forecasts import WEEK, WeeklyForecasts, judged
from tests.training.logs import stored
from training.evaluation.evaluation import customer_losses
from training.fit import fit_customer_model
from training.models.customer_model import CustomerModel
from training.recalibration import shift_of, shifted, trial, window_at
from training.settings import FitSettings
from training.targets import log_end, targets

BEGIN = datetime.date(2025, 1, 6)
WEEKS, CHANGE_WEEK, HORIZON = 52, 26, 28
LEFT = 0.6
"""The share of purchases that are left from the change on."""
COST, EARNED = 4.0, 8.0
SETTINGS = FitSettings(horizons=(28, 90))
NEVER, WEEKLY, TOLD = "never refitted", "refitted every week", "as the monitor says"


@dataclass
class Arm:
    """A way through the year: its model, what it forecast, and what the monitor said of it.

    Attributes
    ----------
    model : CustomerModel
    weeks : list of dict
        Forecast and purchases of each week, as `monitoring.weekly_forecasts.judged` reads them.
    looks : list of dict
        `week`, `recommended` (the monitor's), `of_forecasts` (without its view of the intake) and `done`.
    costs : list of dict
        `week` and the measures of the 28 days from it on.
    """

    model: CustomerModel
    weeks: list[dict[str, object]] = field(default_factory=list)
    looks: list[dict[str, object]] = field(default_factory=list)
    costs: list[dict[str, float]] = field(default_factory=list)


def changed_log(customers: int, seed: int) -> pa.Table:
    """Return the log of a shop that grows for three years; from the change on some purchases are left out."""
    start = BEGIN - datetime.timedelta(days=2 * 364)
    days = 3 * 364 + HORIZON
    season = ((0.15, 340.0),)
    truth = Truth.plain("mbg", start=start, days=days, acquisition_days=days, r=1.2, alpha=25.0, season=season)
    log = simulate(truth, customers, seed)[0].to_pandas()
    late = log["event_time"] >= pd.Timestamp(BEGIN + datetime.timedelta(days=WEEK * CHANGE_WEEK))
    kept = ~late | (np.random.default_rng(seed).random(len(log)) < LEFT)
    return pa.Table.from_pandas(log[kept], preserve_index=False)


def year(store: EventStore, weeks: int = WEEKS) -> dict[str, Arm]:
    """Return the three ways through the year."""
    end = log_end(store)

    def fit(day: int) -> CustomerModel:
        as_of = AsOf.at_midnight(day, store.timezone)
        return fit_customer_model(store, as_of, load_formula(), settings=SETTINGS, quick=True)

    first = AsOf.parse(str(BEGIN), store.timezone).day
    model = fit(first)
    arms = {name: Arm(model) for name in (NEVER, WEEKLY, TOLD)}
    for week in range(weeks):
        now = AsOf.at_midnight(first + WEEK * week, store.timezone)
        came_in = intake(store, now)
        if week:
            arms[WEEKLY].model = fit(now.day)
        for name, arm in arms.items():
            weekly = watched(arm.weeks)
            matured = matured_windows(store, arm.model, now, [HORIZON]) if weekly.alarm else None
            recommended = recommendation(came_in, None, weekly, matured).action
            of_forecasts = recommendation(without_alarms(came_in), None, weekly, matured).action
            done = ""
            if name == TOLD and of_forecasts is Action.REFIT:
                arm.model, done = fit(now.day), "refit"
            elif name == TOLD and of_forecasts is Action.RECALIBRATE:
                arm.model, done = recalibrated(store, arm.model, now)
            arm.looks.append({"week": week, "recommended": recommended, "of_forecasts": of_forecasts, "done": done})
        features = feature_table(store, now)
        buyers = features[features["purchase_days"] > 0]
        outcomes = targets(store, now, [WEEK, HORIZON], end).loc[buyers.index]
        for arm in arms.values():
            in_a_week = float(arm.model.predict(buyers, now.day, WEEK)["expected_purchases"].sum())
            bought = int(outcomes[f"purchases_{WEEK}"].sum())
            row = {"day": now.day, "from": str(now.date), "forecast": in_a_week, "purchases": bought}
            arm.weeks.append({**row, "ratio": bought / in_a_week})
            forecast = arm.model.predict(buyers, now.day, HORIZON)
            arm.costs.append({"week": week, **cost(outcomes[f"purchases_{HORIZON}"], forecast)})
    return arms


def watched(weeks: list[dict[str, object]]) -> WeeklyForecasts:
    """Return what a forecast log of these weeks says."""
    table = pd.DataFrame(weeks, columns=["day", "from", "forecast", "purchases", "ratio"])
    return judged(table.assign(reference=np.arange(len(table)) < FIRST_WEEKS))


def without_alarms(came_in: Intake) -> Intake:
    """Return an intake in which a person has found nothing missing: the shop sells less."""
    return replace(came_in, table=came_in.table.assign(alarm=False))


def recalibrated(store: EventStore, model: CustomerModel, now: AsOf) -> tuple[CustomerModel, str]:
    """Return the model as `regulars recalibrate` would leave it, and what became of it."""
    try:
        before, last = (window_at(store, now.day - times * HORIZON, HORIZON, now) for times in (2, 1))
    except TooLittleDataError:
        return model, "too little data"
    _, verdict = trial(model, before, last)
    return (shifted(model, shift_of(model, last)), "recalibrated") if verdict.passed else (model, "refused")


def cost(purchases: pd.Series, forecast: pd.DataFrame) -> dict[str, float]:
    """Return mean losses of a forecast, and what visits earn that are made where it says that they pay."""
    losses = customer_losses(purchases, forecast)
    visited = EARNED * forecast["expected_purchases"].to_numpy() > COST
    earned = float((EARNED * purchases.to_numpy() - COST)[visited].sum())
    return {
        "log_loss": float(losses["log_loss"].mean()),
        "deviance": float(losses["deviance"].mean()),
        "earned": earned,
        "visited": int(visited.sum()),
    }


def summary(arms: dict[str, Arm]) -> pd.DataFrame:
    """Return the means of each arm since the change: losses, earnings a week and customers visited."""
    rows = {}
    for name, arm in arms.items():
        costs = pd.DataFrame(arm.costs)
        rows[name] = costs[costs["week"] >= CHANGE_WEEK].drop(columns="week").mean()
    return pd.DataFrame(rows).T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--picture", type=Path, help="a PNG file")
    given = parser.parse_args()
    begin = time.process_time()
    with tempfile.TemporaryDirectory() as name:
        arms = year(stored(changed_log(given.customers, given.seed), Path(name)), given.weeks)
    for name, arm in arms.items():
        for look in arm.looks:
            if look["recommended"] is not Action.NOTHING or look["done"]:
                week, recommended, of_forecasts, done = look.values()
                print(f"{name}, week {week}: {recommended}; of the forecasts alone: {of_forecasts}; {done}")
    print(summary(arms).round(4).to_string())
    print(f"{time.process_time() - begin:.0f} s of processor time")
    if given.picture:
        draw(arms, CHANGE_WEEK, given.picture)


if __name__ == "__main__":
    main()

"""What the service really forecast, from its forecast log, against what happened; whichever version was in service.

A champion that is fitted anew every week has no week that is over since its fit. What earlier champions forecast is in
the log, so the weeks of all of them are watched as one row.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.as_of import AsOf, day_date
from features.errors import ForecastLogError
from features.store.event_store import EventStore
from monitoring.cusum import LOOKS
from monitoring.log_rows import LogReader, made_in_advance, outcomes_by_week
from monitoring.weekly_forecasts import (
    REFERENCE_WEEKS,
    TOLERANCE_WITHOUT_YEAR,
    WEEK,
    WeeklyForecasts,
    judged,
)
from serving.forecast_log.pseudonyms import PseudonymKeys
from training.models.bundle import CHAMPION

FIRST_WEEKS = 17
"""The logged weeks that are the reference at first: with fewer, false alarms exceed the budget."""
READ = ("expected_purchases_7", "model_version", "role")
FIRST_OF = ["customer", "week", "role"]


@dataclass(frozen=True)
class LoggedForecasts:
    """The weeks of a forecast log.

    Attributes
    ----------
    weekly : WeeklyForecasts
        Of the champions. Each week is that of the forecasts' `as_of`: the seven days of some end in the week after.
        `versions` has the numbers of those that were in service, with commas.
    versions : pandas.DataFrame
        One row a role and version, the latest first: `role`, `version`, `from`, `until` (dates of the first and the
        last `as_of`), `forecasts` (customers and weeks), `forecast` and `purchases` (purchase days), `ratio`.
    days : pandas.DataFrame
        One row a role, version and day of forecasts: `role`, `model_version`, `day` (days since 1970), `first` and
        `last` (when the first and the last of them were asked for, in microseconds).
    missing : dict of str to int
        The rows that are left out by the key that they need and that is not held.
    strangers : int
        The rows that are left out since no customer of the store has the pseudonym.
    """

    weekly: WeeklyForecasts
    versions: pd.DataFrame
    days: pd.DataFrame
    missing: dict[str, int]
    strangers: int


def logged_forecasts(
    store: EventStore, folder: Path, keys: PseudonymKeys, as_of: AsOf, budget: float = 0.05, *, seed: int = 0
) -> LoggedForecasts:
    """Compare logged 7-day forecasts with outcomes, week by week.

    A forecast counts when it was asked for on the day of its `as_of` or one beside it, so that it was made in advance,
    and its seven days are over. Of several forecasts of a customer in one week the first counts, of each role: later
    ones know a part of the outcome. Its outcome are the purchase days of the seven days from its own `as_of`.

    The reference are the first weeks of the log: a year where there are enough to watch after it, else `FIRST_WEEKS`.

    Parameters
    ----------
    store : EventStore
    folder : Path
        The forecast log.
    keys : PseudonymKeys
        Those that are held. Rows under others are counted and left out.
    as_of : AsOf
        The moment of looking, a midnight.
    budget : float
        The chance of an alarm in two years of weekly looks where nothing changed.
    seed : int

    Returns
    -------
    LoggedForecasts

    Raises
    ------
    ForecastLogError
        When the folder has no forecast, a file is not one of a log, or no key is held for any row.
    """
    rows, days, reader = _first_forecasts(store, folder, keys, as_of)
    rows["purchases"] = outcomes_by_week(store, rows, as_of)
    weekly = _judged(rows[rows["role"] == CHAMPION], as_of, budget, seed)
    return LoggedForecasts(weekly, _by_version(rows), days, reader.missing, reader.strangers)


def _first_forecasts(
    store: EventStore, folder: Path, keys: PseudonymKeys, as_of: AsOf
) -> tuple[pd.DataFrame, pd.DataFrame, LogReader]:
    """Return the forecasts that count, one a customer, week and role; the days of each version; what read them."""
    earliest = as_of.day - WEEK * (REFERENCE_WEEKS + LOOKS + 1)
    reader, days, served = LogReader(store, folder, keys), [], []
    for frame in reader.days(day_date(earliest - 1), day_date(as_of.day + 1), READ):
        rows = made_in_advance(frame.dropna(subset=["expected_purchases_7"]), store, as_of, WEEK)
        rows["week"] = (as_of.day - WEEK - rows["day"]) // WEEK
        days.append(rows.drop_duplicates(FIRST_OF))
        served.append(_by_day(rows, first=("asked_at", "min"), last=("asked_at", "max")))
    if not reader.rows:
        raise ForecastLogError(
            f"{folder} has no forecast of the {REFERENCE_WEEKS + LOOKS} weeks before {as_of.date}: expected the folder "
            "that `regulars serve --forecast-log` writes"
        )
    if sum(reader.missing.values()) == reader.rows:
        raise ForecastLogError(
            f"{keys.folder} has none of the keys of the forecast log ({', '.join(sorted(reader.missing))}): name the "
            "folder that holds them with --forecast-log-keys"
        )
    rows = pd.concat(days, ignore_index=True)
    rows = rows[rows["day"] > earliest].sort_values(["asked_at", "as_of"], kind="stable")
    of_versions = _by_day(pd.concat(served, ignore_index=True), first=("first", "min"), last=("last", "max"))
    return rows.drop_duplicates(FIRST_OF, ignore_index=True), of_versions, reader


def _by_day(rows: pd.DataFrame, **columns: tuple[str, str]) -> pd.DataFrame:
    by_day: pd.DataFrame = rows.groupby(["role", "model_version", "day"], as_index=False).agg(**columns)
    return by_day


def _judged(rows: pd.DataFrame, as_of: AsOf, budget: float, seed: int) -> WeeklyForecasts:
    weeks = rows.groupby("week").agg(
        first=("day", "min"),
        forecast=("expected_purchases_7", "sum"),
        purchases=("purchases", "sum"),
        versions=("model_version", lambda each: ", ".join(sorted(set(each.dropna()), key=_number))),
    )
    weeks = weeks.reindex(range(int(weeks.index.max()), -1, -1)) if len(weeks) else weeks
    usual = REFERENCE_WEEKS if len(weeks) >= REFERENCE_WEEKS + FIRST_WEEKS else FIRST_WEEKS
    day = as_of.day - 2 * WEEK + 1 - WEEK * weeks.index.to_numpy(np.int64)
    table = pd.DataFrame(
        {
            "day": day,
            "from": [str(day_date(int(each))) for each in weeks["first"].fillna(pd.Series(day, weeks.index))],
            "forecast": weeks["forecast"].fillna(0.0).to_numpy(float),
            "purchases": weeks["purchases"].fillna(0).to_numpy(np.int64),
            "reference": np.arange(len(weeks)) < usual,
        }
    )
    table["ratio"] = table["purchases"] / table["forecast"].where(table["forecast"] > 0)
    table["versions"] = weeks["versions"].fillna("").to_numpy(str)
    if len(table) <= usual:
        reason = f"{len(table)} logged weeks are over, expected {usual + 1}"
        empty = table.drop(columns="day").assign(deviation=np.nan, up=np.nan, down=np.nan)
        return WeeklyForecasts(empty, None, TOLERANCE_WITHOUT_YEAR, False, reason=reason)
    return judged(table, budget, seed=seed)


def _number(version: str) -> tuple[int, str]:
    return (int(version) if version.isdigit() else 0, version)


def _by_version(rows: pd.DataFrame) -> pd.DataFrame:
    out = rows.groupby(["role", "model_version"], as_index=False, sort=False).agg(
        first=("day", "min"),
        last=("day", "max"),
        forecasts=("customer", "size"),
        forecast=("expected_purchases_7", "sum"),
        purchases=("purchases", "sum"),
    )
    out["ratio"] = out["purchases"] / out["forecast"].where(out["forecast"] > 0)
    for name, of in (("from", "first"), ("until", "last")):
        out[name] = [str(day_date(int(each))) for each in out[of]]
    out = out.sort_values(["last", "role"], ascending=[False, True], kind="stable", ignore_index=True)
    out = out.rename(columns={"model_version": "version"})
    return out[["role", "version", "from", "until", "forecasts", "forecast", "purchases", "ratio"]]

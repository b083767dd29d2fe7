"""What the service really forecast, from its forecast log, against what happened; whichever version was in service.

A champion that is fitted anew every week has no week that is over since its fit. What earlier champions forecast is in
the log, so the weeks of all of them are watched as one row.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.as_of import AsOf, day_date
from features.encryption.parquet_files import read_parquet
from features.errors import ForecastLogError
from features.key_files import HASH_BYTES, keyed_hash
from features.store.event_store import EventStore
from features.timezones import DAY, business_timezone
from monitoring.cusum import LOOKS
from monitoring.weekly_forecasts import (
    REFERENCE_WEEKS,
    TOLERANCE_WITHOUT_YEAR,
    WEEK,
    WeeklyForecasts,
    judged,
)
from serving.forecast_log.log_files import log_files
from serving.forecast_log.pseudonyms import PseudonymKeys
from training.models.bundle import CHAMPION
from training.targets import purchases_between

Integers = NDArray[np.int64]

FIRST_WEEKS = 17
"""The logged weeks that are the reference at first: with fewer, false alarms exceed the budget."""
READ = ("pseudonym", "key_id", "asked_at", "as_of", "expected_purchases_7", "model_version", "role")
MILLISECOND = 1_000
BITS = 31
"""Milliseconds of 24 days fit into these: a week's purchases are looked up by customer and time in one number."""


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
    missing : dict of str to int
        The rows that are left out by the key that they need and that is not held.
    strangers : int
        The rows that are left out since no customer of the store has the pseudonym.
    """

    weekly: WeeklyForecasts
    versions: pd.DataFrame
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
    rows, missing, strangers = _first_forecasts(store, folder, keys, as_of)
    purchases = np.zeros(len(rows), np.int64)
    for index in rows.groupby("week").indices.values():
        purchases[index] = _outcomes(store, rows.iloc[index], as_of)
    rows["purchases"] = purchases
    weekly = _judged(rows[rows["role"] == CHAMPION], as_of, budget, seed)
    return LoggedForecasts(weekly, _by_version(rows), missing, strangers)


def _first_forecasts(
    store: EventStore, folder: Path, keys: PseudonymKeys, as_of: AsOf
) -> tuple[pd.DataFrame, dict[str, int], int]:
    """Return the forecasts that count, one a customer, week and role; rows without a key, rows of strangers."""
    earliest = as_of.day - WEEK * (REFERENCE_WEEKS + LOOKS + 1)
    try:
        known = {
            name: pa.array([keyed_hash(each, key) for each in store.customer_ids.to_pylist()], pa.binary(HASH_BYTES))
            for name, key in keys.held().items()
        }
    except ValueError as error:
        raise ForecastLogError(f"a key in {keys.folder} cannot be used: {error}") from error
    days, missing, strangers, total = [], dict[str, int](), 0, 0
    for table in _days(folder, day_date(earliest - 1), day_date(as_of.day + 1)):
        total += len(table)
        for name in pc.unique(table["key_id"]).to_pylist():
            own = table.filter(pc.equal(table["key_id"], name))
            if name not in known:
                missing[name] = missing.get(name, 0) + len(own)
                continue
            customer = pc.index_in(own["pseudonym"], known[name])
            strangers += customer.null_count
            columns = {each: own[each] for each in READ[4:]}
            columns |= {each: pc.cast(own[each], pa.int64()) for each in ("asked_at", "as_of")}
            frame = pa.table({**columns, "customer": customer}).to_pandas()
            days.append(_in_advance(frame.dropna(subset=["customer", "expected_purchases_7"]), store, as_of))
    if not total:
        raise ForecastLogError(
            f"{folder} has no forecast of the {REFERENCE_WEEKS + LOOKS} weeks before {as_of.date}: expected the folder "
            "that `regulars serve --forecast-log` writes"
        )
    if sum(missing.values()) == total:
        raise ForecastLogError(
            f"{keys.folder} has none of the keys of the forecast log ({', '.join(sorted(missing))}): name the folder "
            "that holds them with --keys"
        )
    rows = pd.concat(days, ignore_index=True)
    rows = rows[rows["day"] > earliest].sort_values(["asked_at", "as_of"], kind="stable")
    return rows.drop_duplicates(["customer", "week", "role"], ignore_index=True), missing, strangers


def _days(folder: Path, first: date, last: date) -> Iterator[pa.Table]:
    """Yield the rows of each day of a log."""
    by_day: dict[Path, list[Path]] = {}
    for path in log_files(folder):
        by_day.setdefault(path.parent, []).append(path)
    for day, paths in by_day.items():
        if not str(first) <= day.name <= str(last + timedelta(days=1)):
            continue
        tables = []
        for path in paths:
            try:
                tables.append(read_parquet(path, columns=list(READ)))
            except FileNotFoundError:  # the service has removed it meanwhile
                continue
            except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
                raise ForecastLogError(f"{path} is no piece of a forecast log: {error}".splitlines()[0]) from error
        if tables:
            yield pa.concat_tables(tables)


def _in_advance(rows: pd.DataFrame, store: EventStore, as_of: AsOf) -> pd.DataFrame:
    """Return the forecasts that were made in advance and whose week is over, the first of each customer and role."""
    zone = business_timezone(store.timezone)
    asked, start = rows["asked_at"].to_numpy(np.int64), rows["as_of"].to_numpy(np.int64)
    day = zone.days(start).astype(np.int64)
    end, _ = zone.to_utc(zone.to_wall_clock(start) + WEEK * DAY)
    kept = (np.abs(zone.days(asked) - day) <= 1) & (end <= as_of.time)
    rows = rows.assign(end=end, day=day, week=(as_of.day - WEEK - day) // WEEK)[kept]
    rows = rows.astype({"customer": np.int64}).sort_values(["asked_at", "as_of"], kind="stable")
    return rows.drop_duplicates(["customer", "week", "role"])


def _outcomes(store: EventStore, rows: pd.DataFrame, as_of: AsOf) -> Integers:
    """Return the purchase days of forecasts of one week, each in the seven days from its own `as_of`."""
    first, last = int(rows["as_of"].min()), int(rows["end"].max())
    customer, day, time, _ = purchases_between(store, first, as_of)
    inside = time < last
    customer, day, time = customer[inside], day[inside].astype(np.int64), time[inside]

    def key(customers: Integers, times: Integers) -> Integers:
        return (customers.astype(np.int64) << BITS) + (times - first) // MILLISECOND

    keys = key(customer, time)
    order = np.argsort(keys, kind="stable")
    keys, customer, day = keys[order], customer[order], day[order]
    is_new = np.ones(len(keys), np.int64)  # the first purchase of a customer's day
    is_new[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    before = np.concatenate([[0], np.cumsum(is_new)])
    whose = rows["customer"].to_numpy()
    low = np.searchsorted(keys, key(whose, rows["as_of"].to_numpy()))
    high = np.searchsorted(keys, key(whose, rows["end"].to_numpy()))
    # A day that had a purchase before the forecast too counts: there is another one after it.
    continued = (high > low) & (np.append(is_new, 1)[low] == 0)
    counts: Integers = before[high] - before[low] + continued
    return counts


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

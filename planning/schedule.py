"""On which day, and when, a plan's actions are done: a rep's days evenly loaded, near places together."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planning.catalogue.actions import Catalogue

EARTH_KM = 6371.0


def schedule(rows: pd.DataFrame, catalogue: Catalogue, first_day: date) -> pd.DataFrame:
    """Return the day and the time of each action of a week.

    What needs a rep's minutes goes to the rep's working days in the order of a round trip where places are known, else
    by value, so that each day has about the same minutes; a pool of so many contacts a day is kept. What needs no
    minutes, such as an e-mail, goes to the day with least of its kind and has no time.

    Parameters
    ----------
    rows : DataFrame
        `customer_id`, `action`, `rep` (null where none is needed), `minutes`, `value_expected`; `latitude` and
        `longitude` in degrees, where they are known.
    catalogue : Catalogue
        Its `working_days` are those from `first_day` on.
    first_day : date
        The Monday of the week, or the first day that is left of it.

    Returns
    -------
    DataFrame
        `day` (date) and `start` (Timestamp of the business time zone, without one; NaT without minutes), with the
        index of `rows`. The order of `rows` changes nothing.
    """
    load = _Load(catalogue)
    place = np.full(len(rows), -1)
    sequence: list[int] = []
    minutes = rows["minutes"].fillna(0).to_numpy(float)
    with_minutes = minutes > 0
    reps = rows["rep"].astype(object).where(rows["rep"].notna(), "").to_numpy()
    order = np.lexsort((rows["customer_id"].to_numpy(str), -rows["value_expected"].to_numpy(float)))
    for rep in sorted(set(reps[with_minutes])):
        own = order[(reps[order] == rep) & with_minutes[order]]
        own = own[_round_trip(rows.iloc[own])]
        target = minutes[own].sum() / catalogue.working_days
        day, used = 0, 0.0
        for row in own:
            while day < catalogue.working_days - 1 and used + minutes[row] / 2 > target * (day + 1):
                day += 1
            place[row] = load.add(rows["action"].iloc[row], day)
            used += minutes[row]
        sequence += own.tolist()
    for row in order[~with_minutes[order]]:
        place[row] = load.add(rows["action"].iloc[row], None)
    starts = _starts(catalogue, first_day, place, minutes, reps, sequence)
    days = [first_day + timedelta(days=int(each)) for each in place]
    start = pd.Series(starts, rows.index, "datetime64[us]")
    return pd.DataFrame({"day": pd.Series(days, rows.index, object), "start": start})


def load_by_day(rows: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """Return each rep's actions and minutes by day.

    Parameters
    ----------
    rows : DataFrame
        As `schedule` takes it.
    days : Series of date
        As it gives them.

    Returns
    -------
    DataFrame
        `rep`, `day`, `actions`, `minutes`, sorted.
    """
    frame = pd.DataFrame({"rep": rows["rep"], "day": days, "minutes": rows["minutes"].fillna(0)})
    grouped = frame[frame["minutes"] > 0].groupby(["rep", "day"])["minutes"]
    return grouped.agg(actions="size", minutes="sum").reset_index()


class _Load:
    """How many contacts each day has, by pool with a number a day, and by action."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.days = catalogue.working_days
        daily = {pool.name: pool.amount for pool in catalogue.pools if pool.per == "day" and pool.unit == "contacts"}
        self.pools = {each.name: [name for name in each.pools if name in daily] for each in catalogue.actions}
        self.most = daily
        self.contacts = {name: [0] * self.days for name in daily}
        self.actions = {each.name: [0] * self.days for each in catalogue.actions}

    def add(self, action: str, wanted: int | None) -> int:
        """Put an action on the wanted day, or the nearest one with room; without a wish on the day with least of it."""
        pools, counts = self.pools[action], self.actions[action]

        def full(day: int) -> bool:
            return any(self.contacts[name][day] + 1 > self.most[name] for name in pools)

        by_wish = sorted(
            range(self.days), key=lambda day: (full(day), counts[day] if wanted is None else abs(day - wanted), day)
        )
        day = by_wish[0]
        counts[day] += 1
        for name in pools:
            self.contacts[name][day] += 1
        return day


def _starts(
    catalogue: Catalogue,
    first_day: date,
    place: NDArray[np.int64],
    minutes: NDArray[np.float64],
    reps: NDArray[Any],
    sequence: list[int],
) -> list[Any]:
    """Return when each action with minutes begins: one after the other, from the beginning of the day."""
    hour, minute = (int(part) for part in catalogue.day_starts.split(":"))
    clock: dict[tuple[str, int], float] = {}
    starts: list[Any] = [pd.NaT] * len(place)
    begin = datetime(first_day.year, first_day.month, first_day.day, hour, minute)
    for row in sequence:
        used = clock.get((reps[row], int(place[row])), 0.0)
        starts[row] = pd.Timestamp(begin + timedelta(days=int(place[row]), minutes=round(used)))
        clock[reps[row], int(place[row])] = used + float(minutes[row])
    return starts


def _round_trip(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Return an order in which places near one another follow one another: always the nearest that is left.

    Rows without a place keep their order and come last.
    """
    everything = np.arange(len(rows))
    if not {"latitude", "longitude"} <= set(rows.columns):
        return everything
    latitude, longitude = (np.radians(rows[name].to_numpy(float)) for name in ("latitude", "longitude"))
    known = np.isfinite(latitude) & np.isfinite(longitude)
    remaining = everything[known].tolist()
    if not remaining:
        return everything
    east, north = EARTH_KM * longitude * np.cos(np.nanmean(latitude)), EARTH_KM * latitude
    here = east[remaining].min(), north[remaining].min()
    trip = []
    while remaining:
        distances = np.hypot(east[remaining] - here[0], north[remaining] - here[1])
        nearest = remaining.pop(int(distances.argmin()))
        trip.append(nearest)
        here = east[nearest], north[nearest]
    return np.concatenate([np.array(trip, int), everything[~known]])

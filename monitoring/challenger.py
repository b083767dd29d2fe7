"""The challenger in shadow or as a canary against the champion beside it, by what happened since."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.as_of import EPOCH, AsOf, day_date
from features.plurals import counted
from features.store.event_store import EventStore
from monitoring.confidence_sequence import groups_interval, mean_interval
from monitoring.log_rows import LONGEST_DAYS, LogReader, made_in_advance, outcomes_by_week
from monitoring.weekly_forecasts import WEEK
from serving.forecast_log.pseudonyms import PseudonymKeys
from training.evaluation.evaluation import customer_losses
from training.models.bundle import CHAMPION
from training.models.rollout import Role

MEASURES = ("deviance", "log_loss")
FORECASTS = ("expected_purchases", "churn_probability")
READ = ("horizon_days", *FORECASTS, *(f"{name}_7" for name in FORECASTS), "model_version", "role")
SAME = ["customer", "asked_at", "as_of", "horizon_days"]
FIRST_OF = ["customer", "week", "role", "horizon_days"]
COLUMNS = (
    *("horizon_days", "measure", "weeks", "forecasts"),
    *("champion", "challenger", "difference", "low", "high"),
)
ENDED_DAYS = 28
"""A challenger whose last forecast with an outcome is older runs no more."""
FEWEST = 50
"""Customers of a week, of each version, below which its mean loss is far from normal: the week is left out."""


class Advice(StrEnum):
    """What to do with a challenger."""

    PROMOTE = "promote"
    END = "end"
    WATCH = "keep watching"


@dataclass(frozen=True)
class ChallengerComparison:
    """A challenger beside a champion.

    Attributes
    ----------
    role : Role
    version, champion : str
        The two versions.
    since : str
        The date of the first forecast.
    table : pandas.DataFrame
        One row a horizon and measure, the 7-day forecasts first: `horizon_days`, `measure` (deviance, log_loss),
        `weeks` that are over, `forecasts` of the challenger in them, mean losses `champion` and `challenger`, their
        `difference` (below 0 the challenger is better), and the interval `low` to `high`, null where it is infinite.
    advice : Advice
        By the 7-day forecasts: to promote where both losses are lower beyond doubt, to end it where one is higher.
    """

    role: Role
    version: str
    champion: str
    since: str
    table: pd.DataFrame
    advice: Advice

    @property
    def reason(self) -> str:
        """The advice in a sentence."""
        early = self.table[self.table["horizon_days"] == WEEK]
        weeks = int(early["weeks"].max()) if len(early) else 0
        how = "in shadow" if self.role is Role.SHADOW else "as a canary"
        if self.advice is Advice.PROMOTE:
            return f"promote version {self.version}: both losses of its 7-day forecasts are lower than the champion's"
        if self.advice is Advice.END:
            worse = " and ".join(early.loc[early["low"] > 0, "measure"].str.replace("_", " "))
            return f"end version {self.version} {how}: {worse} of its 7-day forecasts is higher than the champion's"
        if not weeks:
            few = f"no week is over that has outcomes of {FEWEST} customers of each version"
            return f"keep watching version {self.version} {how}: {few}"
        return f"keep watching version {self.version} {how}: after {counted(weeks, 'week')} it may be better or worse"


def compare_challenger(
    store: EventStore, folder: Path, keys: PseudonymKeys, as_of: AsOf, versions: pd.DataFrame
) -> ChallengerComparison | None:
    """Compare the latest challenger of a forecast log with the champion beside it.

    A shadow forecasts for the same customers at the same moments as the champion: the losses are compared in pairs, the
    week being the unit, so that what a week does to all customers at once is allowed for. A canary answers other
    customers than the champion, the same ones every week: the customer is the unit. Of each customer, version and week
    the first forecast counts; of a longer horizon only weeks so far apart that their windows do not overlap.

    Parameters
    ----------
    store : EventStore
    folder : Path
        The forecast log.
    keys : PseudonymKeys
    as_of : AsOf
        The moment of looking, a midnight.
    versions : pandas.DataFrame
        Of `LoggedForecasts`.

    Returns
    -------
    ChallengerComparison or None
        None where the log has no challenger.
    """
    others = versions[versions["role"] != CHAMPION]
    if others.empty:
        return None
    latest = others.iloc[0]
    role, version, since = Role(latest["role"]), str(latest["version"]), date.fromisoformat(latest["from"])
    own = versions[(versions["role"] == CHAMPION) & (versions["version"] == version)]
    promoted = (own["until"] >= latest["until"]).any()  # before, it was a champion that another one replaced
    if promoted or (day_date(as_of.day) - date.fromisoformat(latest["until"])).days > ENDED_DAYS:
        return None
    rows = _rows_since(store, LogReader(store, folder, keys), as_of, since, role, version)
    if rows.empty:
        return None
    beside = rows.loc[rows["role"] == CHAMPION, "model_version"]
    champion = str(beside.iloc[-1])
    rows = rows[(rows["role"] == role) | (rows["model_version"] == champion)]
    horizons = sorted({int(days) for days in rows["horizon_days"].unique() if days <= LONGEST_DAYS} - {WEEK})
    first = _day(since)
    lines = [
        line
        for days in (WEEK, *horizons)
        for line in _horizon(store, _of_horizon(rows, days), as_of, days, first, role)
    ]
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    return ChallengerComparison(role, version, champion, str(since), table, _advice(table))


def _rows_since(
    store: EventStore, reader: LogReader, as_of: AsOf, since: date, role: Role, version: str
) -> pd.DataFrame:
    """Return the forecasts of the challenger and of the champions beside it, of each the first of a customer and week.

    Those of a shadow are in pairs. What champions forecast after the challenger's last forecast is left out.
    """
    first = _day(since)
    wanted = (pc.field("role") == CHAMPION) | ((pc.field("role") == role) & (pc.field("model_version") == version))
    wanted &= pc.field("expected_purchases_7").is_valid()  # batch scores that were looked up have none
    days = [pd.DataFrame()]
    for frame in reader.days(since, day_date(as_of.day + 1), READ, wanted):
        rows = made_in_advance(frame, store, as_of, WEEK)
        rows["week"] = (rows["day"] - first) // WEEK
        days.append(_in_pairs(rows) if role is Role.SHADOW else rows)
        if len(days) > WEEK:
            days = [pd.concat(days).drop_duplicates(FIRST_OF)]
    forecasts = pd.concat(days, ignore_index=True)
    if forecasts.empty or forecasts["role"].nunique() < 2:
        return pd.DataFrame()
    forecasts = forecasts[forecasts["asked_at"] <= forecasts.loc[forecasts["role"] == role, "asked_at"].max()]
    in_order: pd.DataFrame = forecasts.sort_values("asked_at", kind="stable", ignore_index=True)
    return in_order


def _day(of: date) -> int:
    return (of - EPOCH).days


def _in_pairs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts for whose customer and moment there is one of each version."""
    pairs: pd.DataFrame = rows[rows.duplicated(SAME, keep=False)]
    return pairs


def _of_horizon(rows: pd.DataFrame, days: int) -> pd.DataFrame:
    """Return the forecasts of a horizon in the columns `FORECASTS`; every row has those of 7 days."""
    if days != WEEK:
        return rows[rows["horizon_days"] == days].dropna(subset=list(FORECASTS))
    early = rows.drop(columns=list(FORECASTS)).rename(columns={f"{name}_7": name for name in FORECASTS})
    return early.dropna(subset=list(FORECASTS))


def _horizon(
    store: EventStore, rows: pd.DataFrame, as_of: AsOf, days: int, first: int, role: Role
) -> list[dict[str, object]]:
    """Return the comparison of one horizon, a row a measure."""
    rows = made_in_advance(rows, store, as_of, days)
    apart = -(-days // WEEK)
    over = first + WEEK * (rows["week"] + 1) + days <= as_of.day + 1
    rows = rows[over & (rows["week"] >= 0) & (rows["week"] % apart == 0)]
    rows = (_in_pairs(rows) if role is Role.SHADOW else rows).drop_duplicates(["customer", "week", "role"])
    losses = _losses(store, rows, as_of)
    counts = (
        losses.groupby(["week", "role"]).size().unstack().reindex(columns=[CHAMPION, role]).min(axis=1, skipna=False)
    )
    losses = losses[losses["week"].isin(counts.index[counts >= FEWEST])]
    return [_line(losses, measure, days, role) for measure in MEASURES]


def _losses(store: EventStore, rows: pd.DataFrame, as_of: AsOf) -> pd.DataFrame:
    """Return `customer`, `week`, `role` and the losses of forecasts."""
    losses = customer_losses(pd.Series(outcomes_by_week(store, rows, as_of)), rows[list(FORECASTS)])
    return losses.assign(**{name: rows[name].to_numpy() for name in ("customer", "week", "role")})


def _line(losses: pd.DataFrame, measure: str, days: int, role: Role) -> dict[str, object]:
    unit, weeks = "week" if role is Role.SHADOW else "customer", losses["week"].nunique()
    own, other = (losses[losses["role"] == each] for each in (role, CHAMPION))
    line: dict[str, object] = {"horizon_days": days, "measure": measure, "weeks": weeks, "forecasts": len(own)}
    if not weeks:
        return line
    one, two = (side.groupby(unit)[measure].mean().to_numpy(float) for side in (own, other))
    low, high = mean_interval(one - two) if role is Role.SHADOW else groups_interval(one, two, weeks)
    means = {"champion": two.mean(), "challenger": one.mean(), "difference": one.mean() - two.mean()}
    return line | means | ({"low": low, "high": high} if np.isfinite(low) else {})


def _advice(table: pd.DataFrame) -> Advice:
    early = table[table["horizon_days"] == WEEK]
    if (early["high"] < 0).all():
        return Advice.PROMOTE
    return Advice.END if (early["low"] > 0).any() else Advice.WATCH

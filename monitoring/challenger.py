"""The challenger in shadow or as a canary against the champion beside it, by what happened since."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from features.as_of import AsOf, day_date
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
        The date of the first forecast for which they ran beside each other.
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
    store: EventStore, folder: Path, keys: PseudonymKeys, as_of: AsOf, days: pd.DataFrame
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
    days : pandas.DataFrame
        Of `LoggedForecasts`.

    Returns
    -------
    ChallengerComparison or None
        None where the log has no challenger.
    """
    others = days[days["role"] != CHAMPION]
    if others.empty:
        return None
    latest = others.sort_values("last").iloc[-1]
    role, version = Role(latest["role"]), str(latest["model_version"])
    own = days[(days["role"] == CHAMPION) & (days["model_version"] == version)]
    promoted = (own["day"] >= latest["day"]).any()  # before, it was a champion that another one replaced
    if promoted or as_of.day - latest["day"] > ENDED_DAYS:
        return None
    term = _common_term(days, role, version)
    if term is None:
        return None
    rows = _rows_of(term, store, LogReader(store, folder, keys), as_of, role, version)
    if rows.empty:
        return None
    horizons = sorted({int(each) for each in rows["horizon_days"].unique() if each <= LONGEST_DAYS} - {WEEK})
    lines = [
        line
        for horizon in (WEEK, *horizons)
        for line in _horizon(store, _of_horizon(rows, horizon), as_of, horizon, term.day, role)
    ]
    table = pd.DataFrame(lines, columns=list(COLUMNS))
    return ChallengerComparison(role, version, term.champion, str(day_date(term.day)), table, _advice(table))


class _CommonTerm(NamedTuple):
    """When a champion and a challenger ran beside each other: the first day, and the first and last microsecond."""

    champion: str
    day: int
    first: int
    last: int


def _common_term(days: pd.DataFrame, role: Role, version: str) -> _CommonTerm | None:
    """Return since when the champion beside a challenger's last forecast has been beside it; None without a champion.

    Of a champion that came back its last term counts: a day on which others alone forecast ended an earlier one.
    """
    own = days[(days["role"] == role) & (days["model_version"] == version)]
    last = int(own["last"].max())
    champions = days[(days["role"] == CHAMPION) & (days["first"] <= last)]
    if champions.empty:
        return None
    until = champions["last"].clip(upper=last)
    champion = champions["model_version"].iloc[int(until.to_numpy().argmax())]
    in_service = champions[champions["model_version"] == champion]
    of_others = champions.loc[~champions["day"].isin(in_service["day"]), "day"]
    term = in_service[in_service["day"] > of_others.max()] if len(of_others) else in_service
    day, first = (max(int(term[name].min()), int(own[name].min())) for name in ("day", "first"))
    return _CommonTerm(str(champion), day, first, last)


def _rows_of(
    term: _CommonTerm, store: EventStore, reader: LogReader, as_of: AsOf, role: Role, version: str
) -> pd.DataFrame:
    """Return the forecasts of both versions in their common term, of each the first of a customer and week.

    Those of a shadow are in pairs.
    """
    wanted = pc.field("expected_purchases_7").is_valid()  # batch scores that were looked up have none
    wanted &= ((pc.field("role") == CHAMPION) & (pc.field("model_version") == term.champion)) | (
        (pc.field("role") == role) & (pc.field("model_version") == version)
    )
    days = [pd.DataFrame()]
    for frame in reader.days(day_date(term.day - 1), day_date(as_of.day + 1), READ, wanted):
        rows = made_in_advance(frame[frame["asked_at"].between(term.first, term.last)], store, as_of, WEEK)
        rows["week"] = (rows["day"] - term.day) // WEEK
        days.append(_in_pairs(rows) if role is Role.SHADOW else rows)
        if len(days) > WEEK:
            days = [pd.concat(days).drop_duplicates(FIRST_OF)]
    forecasts = pd.concat(days, ignore_index=True)
    if forecasts.empty or forecasts["role"].nunique() < 2:
        return pd.DataFrame()
    in_order: pd.DataFrame = forecasts.sort_values("asked_at", kind="stable", ignore_index=True)
    return in_order


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

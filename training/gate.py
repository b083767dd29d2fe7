"""The gate before the champion: a pure function of paired losses, calibration, speed and columns to a verdict."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.definitions import FEATURE_NAMES
from features.errors import InvalidArgumentError
from training.evaluation.evaluation import customer_losses
from training.evaluation.intervals import bootstrap
from training.evaluation.metrics import calibration_error
from training.models.bundle import CHALLENGER, CHAMPION, OUTPUTS

MEASURES = ("deviance", "log_loss")
HOPELESS = 1e9
"""The ratio of any loss to a loss of 0: nothing is better than a forecast that knew everything."""


@dataclass(frozen=True)
class Limits:
    """What is asked of a challenger."""

    windows: int = 3
    """The last so many windows count."""
    margin: float = 0.0
    """By what share of its loss a challenger may be worse than the champion; 0: it must be better beyond doubt."""
    calibration: float = 0.05
    """The largest calibration error of the churn probability, at any horizon: what one odd season may do to it."""
    milliseconds: float = 1.0
    """The longest time to forecast one customer, in a batch."""
    customers: int = 100
    """Fewer than this say nothing."""
    draws: int = 400


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger may become champion; each reason against it in a line; the figures behind it.

    `champion` is the version it was tried against, None when there was none.
    """

    reasons: tuple[str, ...]
    figures: Mapping[str, float]
    champion: int | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons

    def to_json(self) -> str:
        """Return the verdict as text; an unknown figure is null."""
        known = {name: None if math.isnan(value) else value for name, value in self.figures.items()}
        return json.dumps({**asdict(self), "figures": known}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Verdict":
        """Return the verdict that `to_json` wrote."""
        told = json.loads(text)
        figures = {name: math.nan if value is None else float(value) for name, value in told["figures"].items()}
        return cls(tuple(told["reasons"]), figures, told["champion"])


def paired_losses(
    window: str, horizon: int, purchases: pd.Series, forecasts: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    """Return what the gate asks for of one window and horizon; put those of several below one another.

    Takes the outcome of each customer, indexed by `customer_id`, and the forecasts of the `challenger`, the `champion`
    (left out when there is none) and each baseline, all made from nothing later than the window's date. Gives, indexed
    by customer: `window` (ISO date), `horizon` (days), `churned`, `churn_probability` (the challenger's), and for each
    forecast NAME `deviance_NAME` and `log_loss_NAME`, what this customer adds to the mean.
    """
    columns: dict[str, object] = {
        "window": window,
        "horizon": horizon,
        "churned": purchases.to_numpy() == 0,
        "churn_probability": forecasts[CHALLENGER]["churn_probability"].to_numpy(),
    }
    for name, forecast in forecasts.items():
        losses = customer_losses(purchases, forecast)
        columns |= {f"{measure}_{name}": losses[measure].to_numpy() for measure in MEASURES}
    return pd.DataFrame(columns, index=purchases.index)


def gate(
    paired: pd.DataFrame,
    milliseconds: float,
    feature_columns: Iterable[str] = FEATURE_NAMES,
    output_columns: Iterable[str] = OUTPUTS,
    champion: int | None = None,
    limits: Limits = Limits(),
    seed: int = 0,
) -> Verdict:
    """Judge the challenger on the last windows of `paired` (see `paired_losses`), against every other forecast there.

    Better means: the difference of the mean losses, as a share of the other's loss and averaged over the horizons so
    that long ones do not drown short ones, has a 95 % interval below 0 (below `margin` against the champion), both in
    deviance and in log loss. The interval is a paired bootstrap over customers with all their windows and horizons, for
    a customer's rows are alike. As every comparison must hold, their number asks for no correction (Berger 1982,
    Technometrics 24(4), intersection-union tests). Raises ValueError on a frame without what is needed.
    """
    others = _others(paired)
    if champion is not None and CHAMPION not in others:
        raise InvalidArgumentError(
            f"no losses of the champion, version {champion}: forecast with it too, or pass champion=None"
        )
    recent = paired[paired["window"].isin(sorted(paired["window"].unique())[-limits.windows :])]
    figures: dict[str, float] = {
        "windows": float(recent["window"].nunique()),
        "customers": float(recent.index.nunique()),
        "milliseconds": float(milliseconds),
    }
    reasons = list(_wrong_columns(feature_columns, output_columns))
    blind = _blind(recent)
    if blind:
        reasons.append(f"it gives no finite forecast for {blind:,} of {len(recent):,} customers, expected one for all")
    elif recent.index.nunique() < limits.customers:
        reasons.append(f"only {recent.index.nunique()} customers to judge by, expected at least {limits.customers}")
    else:
        differences = paired_differences(recent, others, limits.draws, seed)
        for other, measure in differences.index:
            found = differences.loc[(other, measure)]
            key = f"{measure}.{other}"
            figures |= {key: found["difference"], f"{key}.low": found["low"], f"{key}.high": found["high"]}
            # Written so that an unknown bound counts against it.
            if not found["high"] < (limits.margin if other == CHAMPION else 0.0):
                reasons.append(_not_better(other, measure, found, limits.margin if other == CHAMPION else 0.0))
        for horizon, rows in recent.groupby("horizon"):
            error = calibration_error(rows["churned"], rows["churn_probability"])
            figures[f"h{horizon}.calibration"] = error
            if not error <= limits.calibration:
                reasons.append(
                    f"calibration: error {error:.3f} over {horizon} days, expected at most {limits.calibration:.3f}"
                )
    if not milliseconds <= limits.milliseconds:
        reasons.append(f"speed: {milliseconds:.2f} ms a customer, expected at most {limits.milliseconds:.2f}")
    return Verdict(tuple(reasons), figures, champion)


def paired_differences(paired: pd.DataFrame, others: Sequence[str], draws: int, seed: int) -> pd.DataFrame:
    """Return `difference`, `low` and `high` of the challenger's mean loss less the other's, as a share of the other's.

    Rows are indexed by the other forecast and the measure; below 0 the challenger is better. See `gate`.
    """
    keys = [(other, measure) for other in others for measure in MEASURES if f"{measure}_{other}" in paired]
    names = sorted({f"{measure}_{name}" for other, measure in keys for name in (other, CHALLENGER)})
    # One row a customer, its losses summed at each horizon: all that a draw of customers needs.
    sums = paired.groupby([paired.index, "horizon"])[names].sum().unstack(fill_value=0.0)
    values = sums.to_numpy().reshape(len(sums), len(names), -1)
    pairs = [(names.index(f"{measure}_{CHALLENGER}"), names.index(f"{measure}_{other}")) for other, measure in keys]

    def shares(weights: NDArray[np.int64]) -> dict[tuple[str, str], float]:
        total = np.tensordot(weights, values, 1)
        ours, theirs = (total[list(side)] for side in zip(*pairs, strict=True))
        ratios = np.divide(ours, theirs, out=np.full_like(ours, HOPELESS), where=theirs > 0)
        return dict(zip(keys, (ratios.mean(axis=1) - 1).tolist(), strict=True))

    def drawn(rows: NDArray[np.int64]) -> dict[tuple[str, str], float]:
        return shares(np.bincount(rows, minlength=len(sums)))

    known = shares(np.ones(len(sums), np.int64))
    bounds = bootstrap(drawn, len(sums), draws, seed)
    index = pd.MultiIndex.from_tuples(keys, names=["other", "measure"])
    return pd.DataFrame({"difference": list(known.values())}, index).join(bounds.set_axis(index))


def milliseconds_a_customer(forecast: Callable[[], object], customers: int, repeats: int = 3) -> float:
    """Return the median time of `forecast`, milliseconds a customer, after a first call that does not count."""
    forecast()
    took = []
    for _ in range(repeats):
        start = perf_counter()
        forecast()
        took.append(perf_counter() - start)
    return 1000 * float(np.median(took)) / customers


def _others(paired: pd.DataFrame) -> list[str]:
    """Return the forecasts in the table besides the challenger's; ValueError when it lacks what the gate needs."""
    needed = ["window", "horizon", "churned", "churn_probability", *(f"{each}_{CHALLENGER}" for each in MEASURES)]
    if missing := [name for name in needed if name not in paired]:
        raise InvalidArgumentError(f"the paired losses lack {', '.join(missing)}: make them with paired_losses")
    losses = {
        str(column): str(column).removeprefix(f"{measure}_")
        for measure in MEASURES
        for column in paired
        if str(column).startswith(f"{measure}_")
    }
    others = list(dict.fromkeys(name for name in losses.values() if name != CHALLENGER))
    if not others:
        raise InvalidArgumentError("the paired losses hold no other forecast: give the champion's or a baseline's too")
    for column, name in losses.items():
        if name != CHALLENGER and not np.isfinite(paired[column]).all():
            raise InvalidArgumentError(
                f"{column} holds losses that are no finite number: mend that forecast or leave it out"
            )
    return others


def _blind(paired: pd.DataFrame) -> int:
    """Return the rows for which the challenger has no finite forecast."""
    own = paired[["churn_probability", *(f"{measure}_{CHALLENGER}" for measure in MEASURES)]]
    return int((~np.isfinite(own.to_numpy(float)).all(axis=1)).sum())


def _not_better(other: str, measure: str, found: pd.Series, most: float) -> str:
    name = "the champion" if other == CHAMPION else f"the baseline {other}"
    return (
        f"{measure.replace('_', ' ')}: {found['difference']:+.1%} against {name} "
        f"(95 % interval {found['low']:+.1%} to {found['high']:+.1%}), expected an interval below {most:.1%}"
    )


def _wrong_columns(feature_columns: Iterable[str], output_columns: Iterable[str]) -> Iterator[str]:
    if unknown := [name for name in feature_columns if name not in FEATURE_NAMES]:
        yield f"schema: it needs {', '.join(unknown)}, which the feature table has not"
    outputs = list(output_columns)
    if missing := [name for name in OUTPUTS if name not in outputs]:
        yield f"schema: it does not give {', '.join(missing)}, which the service promises"

"""Decides whether a challenger may become champion, from its losses, calibration, speed and columns."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd

from features.definitions import FEATURE_NAMES
from features.errors import InvalidArgumentError
from training.evaluation.metrics import calibration_error
from training.models.bundle import CHALLENGER, CHAMPION, OUTPUTS
from training.paired_losses import MEASURES, paired_loss_differences
from training.settings import ALLOW_UNCOMPILED, GateLimits


@dataclass(frozen=True)
class Verdict:
    """Whether a challenger may become champion.

    Attributes
    ----------
    reasons : tuple of str
        Reasons against it, one line each; empty when it passes.
    figures : mapping of str to float
        The figures behind them; NaN for unknown ones.
    champion : int or None
        The version it was compared with; None when there was none.
    question : {"recipe", "refit"}
        What was asked: whether a new recipe is better beyond doubt, or whether a refit of the recipe in service is
        sound (`training.refit_gate`).

    Examples
    --------
    >>> Verdict(("speed: 9.00 ms a customer, expected at most 1.00",), {"milliseconds": 9.0}).passed
    False
    """

    reasons: tuple[str, ...]
    figures: Mapping[str, float]
    champion: int | None = None
    question: Literal["recipe", "refit"] = "recipe"

    @property
    def passed(self) -> bool:
        """Whether there is no reason against it."""
        return not self.reasons

    def to_json(self) -> str:
        """Return the verdict as JSON; an unknown figure is null."""
        known = {name: None if math.isnan(value) else value for name, value in self.figures.items()}
        return json.dumps({**asdict(self), "figures": known}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Verdict":
        """Return the verdict that `to_json` wrote."""
        fields = json.loads(text)
        figures = {name: math.nan if value is None else float(value) for name, value in fields["figures"].items()}
        return cls(tuple(fields["reasons"]), figures, fields["champion"], fields.get("question", "recipe"))


def gate(
    paired: pd.DataFrame,
    milliseconds: float,
    feature_columns: Iterable[str] = FEATURE_NAMES,
    output_columns: Iterable[str] = OUTPUTS,
    champion: int | None = None,
    *,
    compiled: bool = True,
    limits: GateLimits = GateLimits(),
    seed: int = 0,
) -> Verdict:
    """Judge the challenger on the last windows against every other forecast.

    It must be better than each: the 95 % interval of the difference in loss, see `paired_loss_differences`, lies below
    0 (below `limits.margin` against the champion), both in deviance and in log loss. Because every comparison must
    hold, no correction for their number is needed [1]_.

    Parameters
    ----------
    paired : pandas.DataFrame
        Losses as `paired_losses` returns them, of one or more windows and horizons.
    milliseconds : float
        Time that the challenger takes to forecast one customer, in a batch.
    feature_columns, output_columns : iterable of str
        Columns that the challenger needs and gives.
    champion : int, optional
        Version number of the champion, where `paired` has its losses.
    compiled : bool
        Whether the challenger has a compiled form.
    limits : GateLimits
    seed : int
        Of the bootstrap.

    Returns
    -------
    Verdict

    Raises
    ------
    InvalidArgumentError
        When `paired` lacks a column, another forecast's loss is not finite, or there is no other forecast.

    References
    ----------
    .. [1] R. L. Berger (1982), Multiparameter hypothesis testing and acceptance sampling, Technometrics 24(4).
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
    reasons = unfit_reasons(milliseconds, feature_columns, output_columns, compiled=compiled, limits=limits)
    missing = _missing_forecasts(recent)
    if missing:
        reasons.append(
            f"it gives no finite forecast for {missing:,} of {len(recent):,} customers, expected one for all"
        )
    elif recent.index.nunique() < limits.customers:
        reasons.append(f"only {recent.index.nunique()} customers to judge by, expected at least {limits.customers}")
    else:
        differences = paired_loss_differences(recent, others, limits.draws, seed)
        for other, measure in differences.index:
            row = differences.loc[(other, measure)]
            key = f"{measure}.{other}"
            figures |= {key: row["difference"], f"{key}.low": row["low"], f"{key}.high": row["high"]}
            limit = limits.margin if other == CHAMPION else 0.0
            # Written so that an unknown bound counts against the challenger.
            if not row["high"] < limit:
                reasons.append(_not_better(other, measure, row, limit))
        for horizon_days, rows in recent.groupby("horizon"):
            error = calibration_error(rows["churned"], rows["churn_probability"])
            figures[f"h{horizon_days}.calibration"] = error
            if not error <= limits.calibration:
                reasons.append(
                    f"calibration: error {error:.3f} over {horizon_days} days, "
                    f"expected at most {limits.calibration:.3f}"
                )
    return Verdict(tuple(reasons), figures, champion)


def unfit_reasons(
    milliseconds: float,
    feature_columns: Iterable[str] = FEATURE_NAMES,
    output_columns: Iterable[str] = OUTPUTS,
    *,
    compiled: bool = True,
    limits: GateLimits = GateLimits(),
) -> list[str]:
    """Return why a model cannot be served, whatever its forecasts: columns, speed, form."""
    reasons = list(_wrong_columns(feature_columns, output_columns))
    if not milliseconds <= limits.milliseconds:
        reasons.append(f"speed: {milliseconds:.2f} ms a customer, expected at most {limits.milliseconds:.2f}")
    if not (compiled or limits.allow_uncompiled):
        reasons.append(f"form: the model has no compiled form; {ALLOW_UNCOMPILED} to serve it by its estimator")
    return reasons


def _others(paired: pd.DataFrame) -> list[str]:
    """Return the forecasts in the table besides the challenger's, after checking that the gate can use them."""
    needed = ["window", "horizon", "churned", "churn_probability", *(f"{name}_{CHALLENGER}" for name in MEASURES)]
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


def _missing_forecasts(paired: pd.DataFrame) -> int:
    """Return the number of rows without a finite forecast of the challenger."""
    own = paired[["churn_probability", *(f"{measure}_{CHALLENGER}" for measure in MEASURES)]]
    return int((~np.isfinite(own.to_numpy(float)).all(axis=1)).sum())


def _not_better(other: str, measure: str, row: pd.Series, limit: float) -> str:
    name = "the champion" if other == CHAMPION else f"the baseline {other}"
    return (
        f"{measure.replace('_', ' ')}: {row['difference']:+z.1%} against {name} "
        f"(95 % interval {row['low']:+z.1%} to {row['high']:+z.1%}), expected an interval below {limit:.1%}"
    )


def _wrong_columns(feature_columns: Iterable[str], output_columns: Iterable[str]) -> Iterator[str]:
    if unknown := [name for name in feature_columns if name not in FEATURE_NAMES]:
        yield f"schema: it needs {', '.join(unknown)}, which the feature table has not"
    outputs = list(output_columns)
    if missing := [name for name in OUTPUTS if name not in outputs]:
        yield f"schema: it does not give {', '.join(missing)}, which the service promises"

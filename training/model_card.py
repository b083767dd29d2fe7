"""The model card in Markdown: the description of a version and of its run on MLflow's pages."""

from collections.abc import Iterable, Sequence

import pandas as pd

from training.evaluation.measure_formats import format_of
from training.gate import Verdict
from training.models.bundle import Card

SHOWN = ("deviance", "log_loss", "auc", "brier", "bias")
"""The measures on the card; MLflow has all of them."""


def model_card(card: Card, candidate: str, measures: pd.DataFrame, verdict: Verdict) -> str:
    """Return the card of a version.

    Parameters
    ----------
    card : Card
    candidate : str
        The name of its recipe.
    measures : pandas.DataFrame
        Measures of its trials, indexed by `date`, `horizon` (days) and `forecast`; the candidate's row is `model`.
    verdict : Verdict

    Returns
    -------
    str
        Markdown.
    """
    shown = [name for name in SHOWN if name in measures]
    own = measures.xs("model", level="forecast")[shown]
    date, horizon_days = measures.index[-1][:2]
    last = measures.loc[(date, horizon_days), shown].rename(index={"model": f"**{candidate}**"})
    learnt = ", ".join(map(str, card.horizons))
    return "\n".join(
        [
            f"**{candidate}**, fitted to everything before **{card.as_of}** ({card.timezone}).",
            "",
            "### Data",
            f"- {card.customers:,} customers; event log `{card.data_digest[:12]}`",
            f"- learnt from past windows of {learnt} days and {len(card.feature_columns)} feature columns",
            f"- loyalty formula {card.formula_version}; Regulars {card.code_version}",
            "",
            "### The recipe in trials",
            "Fitted at an earlier date, it forecasts the days that followed. Lower is better, except for auc; the best "
            "bias is 0.",
            "",
            *_table(["date", "days", *shown], ([*index, *row] for index, *row in own.itertuples())),
            "",
            f"### All forecasts, {horizon_days} days from {date}",
            "",
            *_table(["forecast", *shown], last.itertuples()),
            "",
            f"### The gate: {'passed' if verdict.passed else 'refused'}",
            _question(verdict),
            *(f"- {reason}" for reason in verdict.reasons),
            "",
            "### Use",
            "Input: the feature table of `regulars features`, as doubles that may be null. Output: "
            "`expected_purchases` with its 90 % interval `low` to `high`, `churn_probability` (no purchase in the "
            "horizon) and `expected_spend`; null for customers who have never bought. Parameters: `as_of_day` (days "
            "since 1970, without it that of this version) and `horizon_days`.",
            "",
            "Forecasts are not effects: they do not say what a visit or an incentive would change.",
        ]
    )


def _question(verdict: Verdict) -> str:
    against = (
        f"compared with champion version {verdict.champion}" if verdict.champion else "no champion to compare with"
    )
    asked = {
        "recipe": "Is the new recipe better beyond doubt",
        "refit": "Is this refit of the recipe in service sound",
    }[verdict.question]
    return f"{asked}? ({against})"


def _table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> list[str]:
    lines = [" | ".join(_cell(cell, name) for cell, name in zip(row, head, strict=True)) for row in rows]
    rule = " | ".join(["---", *["---:"] * (len(head) - 1)])
    return [f"| {line} |" for line in (" | ".join(name.replace("_", " ") for name in head), rule, *lines)]


def _cell(value: object, column: str) -> str:
    if isinstance(value, float):
        return format(value, format_of(column)) if value == value else "-"
    return str(value)

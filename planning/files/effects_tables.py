"""What plans changed as tables: a workbook with the meaning of each column, and JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.atomic_file import atomic_write
from planning.causal_inference.randomised_effect import Effect
from planning.effects.effects_of_plans import EffectsOfPlans
from planning.effects.five_measures import measure_table
from planning.files.effect_words import verdict_words

MEANINGS = {
    "measure": "satisfaction, loyalty, purchases, purchase_value (spend a purchase) or lifetime (spend and a forecast)",
    "planned": "mean of the customers as planned, adjusted for what was known before; of a plan: rows to be done",
    "control": "mean of those left alone at random; of a plan: rows held out",
    "change": "planned less control",
    "change_share": "change as a share of control",
    "low": "lower end of the interval; those of the five measures hold together with 95 %",
    "high": "upper end of the interval",
    "standard_error": "of the change",
    "customers_planned": "rows compared, of the planned",
    "customers_control": "rows compared, of those left alone",
    "asked_planned": "share of the planned with a value; a rating needs somebody who asks",
    "asked_control": "the same of those left alone",
    "minimum_detectable_change": "the change that these customers show with a probability of 80 %",
    "more_control": "with an open verdict: customers to leave alone besides, to show this change with 80 %",
    "more_weeks": "the same in weeks of plans like these, with other customers",
    "cost_of_one_more": "currency a unit of the change, where it is up",
    "verdict": "up, down, open (cannot tell yet), too_small, not_comparable or too_few",
    "verdict_en": "the verdict in words",
    "verdict_zh": "the same in Chinese",
    "action": "the action of the plan's rows; the effect is on purchases",
    "kind": "visit or incentive, planned or not: NOT RANDOMISED, see the page for what it assumes",
    "robustness": "share of the unexplained variation that a hidden reason must tell, of both purchases and contacts",
    "robustness_of_interval": "the same, to bring the interval to 0",
    "trimmed": "rows left out for want of a counterpart",
    "round_week": "the week of the plan; empty for all rounds together",
    "shrunk": "change_share of the round, drawn to the mean of all rounds as far as they agree (random effects, REML)",
    "shrunk_error": "standard error of shrunk",
    "spread": "standard deviation of the true change_share between rounds",
    "by_customer": "whether the next plan expects another effect of each customer, or the action's mean",
    "response_as_good": "whether a plain forecast of purchases orders customers as well, as far as the data can tell",
    "learner": "ridge or boosted: what predicts the effect on single customers",
    "figure": "slope (of seen on predicted effects; 1 is right), qini, auuc, rate, response_qini (of the order by a "
    "forecast of purchases), beyond_response (qini less it), squared_error_saved (beside effects in proportion)",
    "value": "of the figure, of customers whom the model had not seen",
    "group": "planned or control",
    "customers": "rows of the group",
    "purchases_before": "mean in as many days before the cutoff",
    "purchases": "mean in the horizon",
    "spend_before": "mean in as many days before the cutoff, currency",
    "spend": "mean in the horizon, currency, net of returns",
    "plan_id": "the plan",
    "week": "its week",
    "as_of": "its cutoff; outcomes count from the Monday of its week on, or from the cutoff if that is later",
    "over": "whether the log has the whole horizon",
    "over_on": "when the horizon is over",
    "cost": "currency, of what was carried out",
    "carried_out": "planned rows that were carried out",
    "control_contacted": "customers left alone who were contacted all the same",
}
"""Meaning of the workbook's columns."""


def effect_tables(found: EffectsOfPlans) -> dict[str, pd.DataFrame]:
    """Return the tables: `measures`, `by_action`, `rounds`, `uplift`, `before_after`, `not_randomised`, `plans`."""
    words = [verdict_words(each) for each in found.measures]
    return {
        "measures": measure_table(found.measures).assign(
            verdict_en=[english for english, _ in words], verdict_zh=[chinese for _, chinese in words]
        ),
        "by_action": pd.DataFrame([{"action": name, **_row(effect)} for name, effect in found.by_action.items()]),
        "rounds": pd.DataFrame(_rounds(found)),
        "uplift": pd.DataFrame(_uplift(found)),
        "before_after": found.before_after,
        "not_randomised": pd.DataFrame(
            [
                {
                    "kind": kind,
                    **_row(each.effect),
                    "robustness": each.robustness,
                    "robustness_of_interval": each.robustness_of_interval,
                    "trimmed": each.trimmed,
                }
                for kind, each in found.observational.items()
            ]
        ),
        "plans": found.plans,
    }


def _rounds(found: EffectsOfPlans) -> Iterator[dict[str, Any]]:
    weeks = found.plans.set_index("plan_id")["week"].to_dict()
    for action, pooled in found.rounds.items():
        for row in pooled.rounds.itertuples():
            yield {
                "action": action,
                "round_week": weeks.get(row.plan_id, row.plan_id),
                "change_share": row.change,
                "standard_error": row.error,
                "shrunk": row.shrunk,
                "shrunk_error": row.shrunk_error,
            }
        yield {
            "action": action,
            "round_week": None,
            "change_share": pooled.mean,
            "standard_error": pooled.standard_error,
            "spread": pooled.spread,
        }


def _uplift(found: EffectsOfPlans) -> Iterator[dict[str, Any]]:
    for action, each in found.uplift.items():
        for name, figure in each.figures.items():
            yield {
                "action": action,
                "figure": name,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "standard_error": figure.standard_error,
                "customers_planned": each.n_treated,
                "customers_control": each.n_control,
                "learner": each.model.learner_,
                "by_customer": each.by_customer,
                "response_as_good": each.response_is_as_good,
            }


def _row(effect: Effect) -> dict[str, float]:
    return {
        "planned": effect.mean_treated,
        "control": effect.mean_control,
        "change": effect.estimate,
        "change_share": effect.relative,
        "low": effect.low,
        "high": effect.high,
        "standard_error": effect.standard_error,
        "customers_planned": effect.n_treated,
        "customers_control": effect.n_control,
    }


def write_effects_workbook(path: str | Path, found: EffectsOfPlans) -> None:
    """Write the tables as sheets of an XLSX file, and a sheet with the meaning of each column; texts stay texts."""
    import xlsxwriter

    tables = {name: table for name, table in effect_tables(found).items() if len(table)}
    columns = dict.fromkeys(str(column) for table in tables.values() for column in table)
    meanings = pd.DataFrame([(name, MEANINGS[name]) for name in columns], columns=["column", "meaning"])
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with atomic_write(path) as part:
        book = xlsxwriter.Workbook(str(part), options)
        bold = book.add_format({"bold": True, "bottom": 1})
        for name, table in {**tables, "columns": meanings}.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            for position, column in enumerate(table):
                values = [_value(each) for each in table[column].tolist()]
                widest = max([len(str(column)), *(len(each) for each in values if isinstance(each, str))])
                sheet.set_column(position, position, min(90, widest + 2))
                sheet.write_string(0, position, str(column), bold)
                for row, value in enumerate(values, 1):
                    if value is not None:
                        sheet.write(row, position, value)
        book.close()


def write_effects_json(path: str | Path, found: EffectsOfPlans) -> None:
    """Write the tables as JSON: a list of rows each, null for what is not known; and the effect as done."""
    content: dict[str, Any] = {"horizon_days": found.horizon_days, "rows_not_drawn": found.not_drawn}
    for name, table in effect_tables(found).items():
        content[name] = [{str(k): _value(v) for k, v in row.items()} for row in table.to_dict("records")]
    content["complier_effect"] = (
        {key: _value(value) for key, value in asdict(found.complier_effect).items()} if found.complier_effect else None
    )
    content["what_if"] = None if found.other is None else _nested(asdict(found.other))
    with atomic_write(path) as part:
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _nested(value: Any) -> Any:
    return {key: _nested(each) for key, each in value.items()} if isinstance(value, dict) else _value(value)


def _value(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return None if value is None or value is pd.NA else str(value)

"""What plans changed as tables: a workbook with the meaning of each column, and JSON."""

import json
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
    """Return the tables: `measures`, `by_action`, `before_after`, `not_randomised` and `plans`."""
    words = [verdict_words(each) for each in found.measures]
    return {
        "measures": measure_table(found.measures).assign(
            verdict_en=[english for english, _ in words], verdict_zh=[chinese for _, chinese in words]
        ),
        "by_action": pd.DataFrame([{"action": name, **_row(effect)} for name, effect in found.by_action.items()]),
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
    with atomic_write(path) as part:
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _value(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return None if value is None or value is pd.NA else str(value)

"""A look as JSON."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from features.atomic_file import atomic_write
from monitoring.monitor import Look
from monitoring.recommendation import EXIT_CODES


def look_as_dict(look: Look) -> dict[str, Any]:
    """Return everything that a look found, as JSON can hold it; null where a number is not known."""
    weekly, matured, columns = look.weekly, look.matured, look.columns
    found: dict[str, Any] = {
        "as_of": str(look.as_of.date),
        "customers": look.customers,
        "events": look.events,
        "model_version": look.version,
        "fitted_as_of": look.fitted,
        "budget": look.budget,
        "recommendation": str(look.recommendation.action),
        "exit_code": EXIT_CODES[look.recommendation.action],
        "reasons": list(look.recommendation.reasons),
        "intake": _rows(look.intake.table),
    }
    if columns is not None:
        found["columns"] = {
            "threshold": columns.threshold,
            "customers": columns.customers,
            "rows": _rows(columns.table),
        }
    if weekly is not None:
        found["forecasts"] = {
            "alarm": weekly.alarm,
            "threshold": None if weekly.path is None else weekly.path.threshold,
            "tolerance": weekly.tolerance,
            "seasonal_reference": weekly.seasonal,
            "change": weekly.change,
            "since": weekly.since,
            "reason": weekly.reason,
            "weeks": _rows(weekly.table),
        }
    if look.logged is not None:
        found["forecast_log"] = {
            "versions": _rows(look.logged.versions),
            "rows_without_key": look.logged.missing,
            "rows_of_strangers": look.logged.strangers,
        }
    if (beside := look.challenger) is not None:
        found["challenger"] = {
            "role": beside.role.value,
            "version": beside.version,
            "champion": beside.champion,
            "since": beside.since,
            "advice": beside.advice.value,
            "reason": beside.reason,
            "losses": _rows(beside.table),
        }
    if matured is not None:
        found["windows"] = _rows(matured.measures)
        found["estimates"] = _rows(matured.estimates)
    return found


def write_look(path: str | Path, look: Look) -> None:
    """Write a look to a file as JSON, in one step."""
    with atomic_write(path) as part:
        part.write_text(json.dumps(look_as_dict(look), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value

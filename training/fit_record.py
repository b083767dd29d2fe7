"""What a fit leaves in MLflow: its data sets, and the measures of every forecast in its trials as runs within it.

Metrics have plain names (`deviance`, `auc`), so that the charts of several runs share them. A run within the fit is one
forecast over one horizon; its steps are the trials, the oldest first, with the date of the trial as their time.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.store.event_store import EventStore
from features.store.log_dates import first_day
from training.comparison_page import comparison_page
from training.evaluation.catalog import BUILT_IN, chosen_metrics
from training.evaluation.evaluation import measures
from training.evaluation.measure_formats import logged
from training.evaluation.plots import decile_plot, gain_plot, reliability_plot
from training.gate import Verdict
from training.model_card import model_card
from training.models.bundle import CHAMPION, REGISTERED_NAME
from training.models.customer_model import CustomerModel
from training.paired_losses import MEASURES
from training.promote import record_verdict
from training.registry.entities import CANDIDATE, GATE, LoggedDataset, MetricValue, ModelVersion
from training.registry.environment import environment
from training.registry.model_format import log_model
from training.registry.runs import (
    Run,
    describe,
    log_datasets,
    log_figure,
    log_metrics,
    log_params,
    log_tags,
    log_text,
    log_values,
    nested_run,
)
from training.registry.versions import register
from training.trials import CHAMPION_RECIPE, Trial, measures_of_trials

DATA_DIGEST = "data_digest"
"""The parameter of a fit, and tag of its version, that identifies the data of the store."""
DIGEST_LETTERS = 12
"""Of a digest: MLflow keeps at most 36."""
BOUNDS = (".low", ".high")
"""Figures of the verdict that are no metrics of the run: its file has them."""
PEERS = ("rule", "bg_nbd")
"""The baselines that the plot of gains shows beside the model."""


def record_start(run: Run, store: EventStore, end: AsOf) -> None:
    """Keep the data and the installed libraries of a fit; it fails here if its files cannot be written."""
    log_text(run, "requirements.txt", "\n".join(environment()))
    log_datasets(run, [log_dataset(store, end)])


def log_dataset(store: EventStore, end: AsOf) -> LoggedDataset:
    """Return the event log that a fit learns from."""
    first = first_day(store)
    profile = {
        "events": store.n_events,
        "customers": store.n_customers,
        "first_date": None if first is None else str(AsOf.at_midnight(first, store.timezone).date),
        "until": str(end.date),
        "timezone": store.timezone,
        "digest": store.manifest["digest"],
        "sources": [source["name"] for source in store.manifest.get("sources", ())],
    }
    digest = str(store.manifest["digest"])[:DIGEST_LETTERS]
    return LoggedDataset("event_log", digest, str(store.folder.parent.resolve()), profile, FEATURE_NAMES)


def trial_dataset(store: EventStore, trial: Trial) -> LoggedDataset:
    """Return the customers of a trial with their outcomes; trials of the same customers have the same digest."""
    facts = [store.manifest["digest"], trial.date, trial.horizon_days, list(trial.features.index)]
    profile = {
        "date": trial.date,
        "horizon_days": trial.horizon_days,
        "customers": len(trial.purchases),
        "purchases": int(trial.purchases.sum()),
        "churned": float((trial.purchases == 0).mean()),
    }
    return LoggedDataset(
        f"trial {trial.date}, {trial.horizon_days} days",
        hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:DIGEST_LETTERS],
        str(store.folder.parent.resolve()),
        profile,
        FEATURE_NAMES,
        "evaluation",
    )


def record_challenger(
    run: Run,
    store: EventStore,
    trials: Sequence[Trial],
    model: CustomerModel,
    candidate: str,
    verdict: Verdict,
    params: Mapping[str, Mapping[str, Any]],
    metrics: Sequence[str] = (),
    tags: Mapping[str, str] = MappingProxyType({}),
) -> ModelVersion:
    """Keep everything of a fit with its run, and register the model last.

    Parameters
    ----------
    run : Run
        The fit.
    store : EventStore
    trials : sequence of Trial
    model : CustomerModel
        Fitted to the whole log.
    candidate : str
        The name of its recipe.
    verdict : Verdict
        The gate's.
    params : mapping of str to mapping
        The parameters of each candidate.
    metrics : sequence of str
        Names of the metrics of trials, all without any.
    tags : mapping of str to str
        Further tags of the version.
    """
    card, formula = model.card, model.card.formula_version
    table = measures_of_trials(trials, candidate, metrics)
    about = model_card(card, candidate, table, verdict)
    outcome = "passed" if verdict.passed else "refused"
    facts = {CANDIDATE: candidate, "formula_version": formula, "gate": outcome, "data_until": card.as_of}
    tags = {**tags, **facts, DATA_DIGEST: store.manifest["digest"]}
    log_params(run, {CANDIDATE: candidate, "feature_columns": card.feature_columns, "horizons": card.horizons})
    log_params(run, {f"model.{name}": value for name, value in params.get(candidate, {}).items()})
    log_tags(run, tags)
    describe(run, about)
    record_verdict(run, verdict)
    log_metrics(run, {GATE + name: value for name, value in verdict.figures.items() if not name.endswith(BOUNDS)})
    log_text(run, "model_card.md", about)
    log_text(run, "comparison.html", comparison_page(table, f"Trials of {candidate}, fitted until {card.as_of}"))
    _log_plots(run, trials[-1], candidate)
    logged = log_model(run, model, REGISTERED_NAME)
    datasets = [trial_dataset(store, trial) for trial in trials]
    log_datasets(run, datasets)
    log_trials(run, trials, datasets, params, candidate, logged.model_id, metrics)
    return register(run, model, tags=tags, description=about, logged=logged)


def log_trials(
    run: Run,
    trials: Sequence[Trial],
    datasets: Sequence[LoggedDataset],
    params: Mapping[str, Mapping[str, Any]],
    best: str,
    model_id: str,
    metrics: Sequence[str] = (),
) -> None:
    """Keep the measures of every forecast as runs within a fit, and those of the best candidate with the fit too.

    Parameters
    ----------
    run : Run
        The fit.
    trials : sequence of Trial
    datasets : sequence of LoggedDataset
        The data set of each trial.
    params : mapping of str to mapping
        The parameters of each candidate.
    best : str
        The candidate that is registered. Its measures over the longest horizon are those of the fit.
    model_id : str
        MLflow's id of the registered model, with which the measures of its recipe are kept as well.
    metrics : sequence of str
        Names of metrics, all without any.
    """
    longest = max(trial.horizon_days for trial in trials)
    values: dict[tuple[str, str, int], list[MetricValue]] = {}
    for trial, dataset in zip(trials, datasets, strict=True):
        for role, name, figures in _figures(trial, metrics):
            rows = values.setdefault((role, name, trial.horizon_days), [])
            own = model_id if (role, name) == ("candidate", best) else None
            step = 1 + len({row.time for row in rows})
            time = int(pd.Timestamp(trial.date, tz="UTC").timestamp() * 1000)
            rows += [
                MetricValue(key, value, step, time, dataset, own) for key, value in figures.items() if value == value
            ]
    for (role, name, horizon_days), rows in values.items():
        facts = {"forecast": name, "role": role, "horizon_days": horizon_days}
        own_params = params.get(name, {}) if role == "candidate" else {}
        with nested_run(run, f"{name}, {horizon_days} days") as nested:
            log_params(nested, {**own_params, **facts}, rows)
        if (role, name, horizon_days) == ("candidate", best, longest):
            log_values(run, [MetricValue(row.name, row.value, row.step, row.time) for row in rows])


def _log_plots(run: Run, trial: Trial, candidate: str) -> None:
    """Keep the plots of one trial with the run."""
    forecast, title = trial.candidates[candidate], f"{trial.horizon_days} days from {trial.date}"
    peers = {name: other for name, other in trial.others.items() if name in PEERS}
    log_figure(run, "reliability", reliability_plot(trial.purchases, forecast, title))
    log_figure(run, "gain", gain_plot(trial.purchases, {"model": forecast, **peers}, title))
    log_figure(run, "deciles", decile_plot(trial.purchases, forecast, title))


def _figures(trial: Trial, metrics: Sequence[str]) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield role, name and measures of each forecast; of candidates by segment too.

    By segment these are the losses that the gate looks at, and the metrics that are not built in.
    """
    of_segments = (*MEASURES, *(name for name in chosen_metrics(metrics) if name not in BUILT_IN))
    for name, row in measures(trial.purchases, trial.candidates, metrics).iterrows():
        table = trial.by_segment(str(name), of_segments).drop(columns="customers")
        rows = table.to_dict("index").items()
        by_segment = {f"segment.{group}.{key}": float(value) for group, line in rows for key, value in line.items()}
        yield "candidate", str(name), _by_name(row) | by_segment
    for name, row in measures(trial.purchases, trial.others, metrics).iterrows():
        yield "champion" if name in (CHAMPION, CHAMPION_RECIPE) else "baseline", str(name), _by_name(row)


def _by_name(row: "pd.Series[float]") -> dict[str, float]:
    return dict(logged(str(name), float(value)) for name, value in row.items())

"""From a log to a challenger: candidates on trial over past windows, the best fitted, judged, registered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from features.as_of import AsOf, day_date
from features.errors import TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.store.event_store import EventStore
from training.backtest import baseline_forecasts
from training.evaluation.evaluation import measures, measures_by, segment
from training.evaluation.plots import decile_plot, gain_plot, reliability_plot
from training.fit import HORIZONS, drawn_customers, fit_candidates, fit_customer_model
from training.gate import Verdict, gate, milliseconds_a_customer, paired_losses
from training.models.bundle import CHALLENGER, CHAMPION
from training.models.customer_model import CustomerModel
from training.promote import record_verdict
from training.registry.mlflow_client import Run, Tracking, log_facts, log_figure, log_measures, nested_run, start_run
from training.registry.versions import Version, load, register, version
from training.targets import log_end
from training.windows import activity, window

RIDGES: dict[str, float | None] = {"standard": None, "bold": 300.0, "cautious": 15_000.0}
"""The candidates: how strongly the corrections of customers are held back; None: as the evidence of the log has it."""
TRIAL_HORIZONS = (30, 90)
TRIAL_STEP = 90
TRIALS, QUICK_TRIALS = 3, 1
TRIAL_CUSTOMERS = 100_000
"""How many customers judge, at most, drawn anew at each date: more tell nothing that the interval does not know."""
LEAST_HISTORY = 120
RECIPE = "candidate"
"""The tag of a version that says which candidate it is."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Retrained:
    """The challenger registered, the candidate it is, the gate's verdict on it, and the measures of its trial."""

    version: Version
    candidate: str
    verdict: Verdict
    measures: pd.DataFrame


def retrain(
    store: EventStore,
    tracking: Tracking,
    formula: Formula,
    seed: int = 0,
    quick: bool = False,
    progress: Progress | None = None,
) -> Retrained:
    """Fit candidates on past windows of the log, try them on what followed, and register the best as challenger.

    A trial is a date: each candidate learns from what was known by then and forecasts the days after it, beside every
    baseline and the champion. The one with the lowest losses is fitted to the whole log and judged by the gate; what
    `promote` will go by is kept with the run. Everything is tracked, trials as runs within the run. Raises
    TooLittleDataError when the log is too short for one trial.
    """
    say = progress or (lambda step: None)
    formula = drop_unpriced_parts(store, formula)
    end = log_end(store)
    day = AsOf.at_time(end, store.timezone).day
    starts = trial_days(activity(store, day).first_day, day, QUICK_TRIALS if quick else TRIALS)
    champion = version(tracking, CHAMPION)
    champion_model = load(tracking, champion) if champion else None
    candidates = {"standard": RIDGES["standard"]} if quick else dict(RIDGES)
    facts = {
        "data_digest": store.manifest["digest"],
        "data_until": str(day_date(day)),
        "customers": store.n_customers,
        "events": store.n_events,
        "formula_version": formula.version,
        "seed": seed,
        "quick": quick,
        "trials": [str(day_date(start)) for start in starts],
        "candidates": candidates,
        "champion": champion.number if champion else None,
    }
    with start_run(tracking, f"fit {day_date(day)}", facts) as run:
        tried: list[Trial] = []
        for start in starts:
            tried += _trial(store, start, day, formula, candidates, champion, champion_model, run, seed, quick, say)
        best = min(candidates, key=lambda name: sum(_loss(each, name) for each in tried))
        say(f"fitting {best} to everything until {day_date(day)}")
        model = fit_customer_model(
            store, day_date(day), formula, HORIZONS, seed, quick, progress, ridge=candidates[best]
        )
        log_facts(run, {RECIPE: best, "feature_columns": model.card.feature_columns, "horizons": model.card.horizons})
        say("judging it")
        verdict = _judged(tried, best, model, store, day, champion)
        record_verdict(run, verdict)
        log_measures(run, verdict.figures)
        _draw(run, tried[-1], best)
        say("registering it")
        made = register(run, model, tags={RECIPE: best, "formula_version": formula.version})
        table = pd.concat({(each.date, each.horizon): each.measures(best) for each in tried}, names=["date", "horizon"])
        return Retrained(made, best, verdict, table)


@dataclass(frozen=True)
class Trial:
    """What every candidate, baseline and the champion said at a date of one horizon, and what came."""

    date: str
    horizon: int
    features: pd.DataFrame
    purchases: pd.Series
    candidates: dict[str, pd.DataFrame]
    others: dict[str, pd.DataFrame]

    def measures(self, candidate: str) -> pd.DataFrame:
        """Return the measures of one candidate as `model`, beside the baselines and the champion."""
        return measures(self.purchases, {"model": self.candidates[candidate], **self.others})


def trial_days(first_day: int, day: int, most: int) -> list[int]:
    """Return the days to try at, a quarter apart, the last horizon over by `day`; oldest first.

    Raises TooLittleDataError when the log leaves no room for one with enough history before it.
    """
    days = [day - TRIAL_STEP * back for back in range(1, most + 1)]
    days = [start for start in days if start - first_day >= LEAST_HISTORY]
    if not days:
        needed = LEAST_HISTORY + TRIAL_STEP
        raise TooLittleDataError(f"the log is {day - first_day} days long: a fit needs at least {needed}")
    return sorted(days)


def _trial(
    store: EventStore,
    start: int,
    day: int,
    formula: Formula,
    candidates: dict[str, float | None],
    champion: Version | None,
    champion_model: CustomerModel | None,
    run: Run,
    seed: int,
    quick: bool,
    say: Progress,
) -> list[Trial]:
    date = str(day_date(start))
    say(f"trial at {date}: fitting {', '.join(candidates)}")
    fitted = fit_candidates(store, date, formula, candidates, HORIZONS, seed, quick)
    champion_seen = _champion_at(champion, champion_model, fitted, date)
    judged = drawn_customers(store, date, TRIAL_CUSTOMERS, seed)
    came = window(store, start, TRIAL_HORIZONS, day_date(day), judged)
    trials = []
    for horizon in came.purchases:
        say(f"trial at {date}: {horizon} days")
        others = baseline_forecasts(store, came, horizon, formula)
        if champion_seen is not None:
            others[CHAMPION] = champion_seen.predict(came.features, start, horizon)
        trials.append(
            Trial(
                date,
                horizon,
                came.features,
                pd.Series(came.purchases[horizon], came.features.index, name="purchases"),
                {name: model.predict(came.features, start, horizon) for name, model in fitted.items()},
                others,
            )
        )
    for name in candidates:
        with nested_run(run, f"{name} at {date}", {RECIPE: name, "date": date, "ridge": candidates[name]}) as inner:
            for trial in trials:
                table = trial.measures(name)
                for forecast, row in table.iterrows():
                    said = {f"{forecast}.{measure}": value for measure, value in row.items() if value == value}
                    log_measures(inner, said, date, trial.horizon)
                own = {"model": trial.candidates[name]}
                by_segment = measures_by(trial.purchases, own, segment(trial.features)).droplevel("forecast")
                for measure in ("deviance", "log_loss"):
                    named = {f"{group}.{measure}": float(value) for group, value in by_segment[measure].items()}
                    log_measures(inner, named, date, trial.horizon)
    return trials


def _champion_at(
    champion: Version | None, model: CustomerModel | None, fitted: dict[str, CustomerModel], date: str
) -> CustomerModel | None:
    """Return the champion as it could have been at the date: itself if it knew nothing later, else its recipe then."""
    if champion is None or model is None:
        return None
    return model if model.card.as_of <= date else fitted.get(champion.tags.get(RECIPE, ""), fitted["standard"])


def _loss(trial: Trial, candidate: str) -> float:
    """Return deviance and log loss of a candidate over those of BG/NBD: both count, and every window alike."""
    table = measures(trial.purchases, {"model": trial.candidates[candidate], "bg_nbd": trial.others["bg_nbd"]})
    losses = table[["deviance", "log_loss"]].to_numpy(float)
    return float((losses[0] / losses[1]).sum())


def _judged(
    tried: Sequence[Trial], best: str, model: CustomerModel, store: EventStore, day: int, champion: Version | None
) -> Verdict:
    paired = pd.concat(
        [
            paired_losses(each.date, each.horizon, each.purchases, {CHALLENGER: each.candidates[best], **each.others})
            for each in tried
        ]
    )
    features = tried[-1].features
    milliseconds = milliseconds_a_customer(lambda: model.predict(features, day, 90), len(features))
    return gate(paired, milliseconds, model.card.feature_columns, champion=champion.number if champion else None)


def _draw(run: Run, trial: Trial, best: str) -> None:
    """Keep the pictures of the last trial with the run."""
    forecast, title = trial.candidates[best], f"{trial.horizon} days from {trial.date}"
    naive = {name: said for name, said in trial.others.items() if name in ("rule", "bg_nbd")}
    log_figure(run, "reliability", reliability_plot(trial.purchases, forecast, title))
    log_figure(run, "gain", gain_plot(trial.purchases, {"model": forecast, **naive}, title))
    log_figure(run, "deciles", decile_plot(trial.purchases, forecast, title))

"""Plans and their effects where the truth is known: `python -m benchmarks.planning_worlds EXPERIMENT --runs N`.

Every experiment runs in worlds (`features.simulate.World`), whose copies meet the same chances: the truth is a paired
difference of two of them.

`observed`: visits by habit and at random; the naive difference and the doubly robust estimate beside the named
estimand, the total effect of one visit in four weeks on the purchases of eight, under the campaigns that follow.
`drawn`: hold-outs drawn at random; coverage. `drawn_without_effect`: error of the first kind.
`drawn_with_predicted_effect`: the power, with an effect of the size that was predicted to be seen.
`skipped`: the same where reps skip visits to poor customers; as planned, as carried out, and as treated.
`value`: what plans are worth that visit one customer in twenty, in expected spend.
`channels`: what such plans gain where the channel follows each customer's preference.
`unchanged`: plans of visits without any effect; how often one of the five measures is called changed.
`rounds`: three plans from a catalogue that is wrong by a factor of three, each learning from the hold-outs before it.

With `--cache FOLDER` each run is kept as a line of JSON, and runs that are there already are not made again.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks.planning_channels import channels
from benchmarks.planning_values import rounds, value
from benchmarks.simulated_visits import DAY, HORIZON, START, VISITS, bought_between, features_at, visit_all
from features.simulate import Action, Truth, World
from planning.causal_inference.complier_effect import complier_effect
from planning.causal_inference.doubly_robust import aipw_effect
from planning.causal_inference.power import minimum_detectable_effect
from planning.causal_inference.randomised_effect import randomised_effect
from planning.effects.five_measures import MEASURES, five_measures
from training.models.btyd.bg_nbd import BGNBD


@cache
def true_total_effect(truth: Truth, customers: int, futures: int, seed: int = 10_000) -> tuple[float, float]:
    """Return the mean effect of one visit in four weeks under the campaigns that follow, and its Monte Carlo error."""
    world = World(truth, customers, seed)
    world.until(START)
    plan = visit_all(world, START)
    differences = []
    for future in range(futures):
        sums = []
        for visited in (True, False):
            twin = world.copy(future)
            if visited:
                twin.act(plan)
            twin.until(START + 28, campaigns=False)
            twin.until(START + HORIZON)
            sums.append(twin.truth_table()["purchases"].loc[plan["customer_id"]].to_numpy(float))
        differences.append(sums[0] - sums[1])
    means = np.mean(differences, axis=0)
    return float(means.mean()), float(means.std() / np.sqrt(len(means)))


def observed(seeds: Iterable[int], customers: int = 4_000, truth: Truth = VISITS, futures: int = 12) -> pd.DataFrame:
    """Return a row a log: the naive difference, the doubly robust estimate and the truth."""
    target, error = true_total_effect(truth, 20_000, futures)
    rows = []
    for seed in seeds:
        world = World(truth, customers, seed)
        world.until(START)
        x, before = features_at(world), world.truth_table()["purchases"]
        world.until(START + HORIZON)
        decisions = world.decisions()
        period = decisions[decisions["start"].dt.normalize() == pd.Timestamp(truth.start) + START * DAY]
        period = period.set_index("customer_id")
        treated = period["channel"].notna().to_numpy()
        y = bought_between(world, before[period.index]).to_numpy(float)
        effect = aipw_effect(y, treated, x.loc[period.index]).effect
        rows.append(
            {
                "naive": y[treated].mean() - y[~treated].mean(),
                "estimate": effect.estimate,
                "standard_error": effect.standard_error,
                "covers": effect.low <= target <= effect.high,
                "truth": target,
                "truth_error": error,
            }
        )
    return pd.DataFrame(rows)


class _Base(NamedTuple):
    """A world at the day of a plan, the customers chosen, and what visits to all of them would change."""

    world: World
    chosen: pd.Index
    covariates: np.ndarray
    before: pd.Series
    effect: float
    share_done: float

    def outcome(self, future: int, plan: pd.Index) -> tuple[np.ndarray, np.ndarray]:
        """Return what the chosen buy in a future in which some of them are planned, and who receives a visit."""
        twin = self.world.copy(future)
        visits = pd.DataFrame({"customer_id": plan, "day": START, "event_type": "visit", "channel": "phone"})
        twin.act(visits.assign(plan_item=plan))
        twin.until(START + HORIZON, campaigns=False)
        records = twin.records()
        received = self.chosen.isin(records.loc[records["status"] == "done", "customer_id"])
        return bought_between(twin, self.before[self.chosen]).to_numpy(float), received


@cache
def _planned_base(customers: int, effect: float, acceptance: float, follows: float, truth_futures: int) -> _Base:
    visits = (Action("phone", 0.5, effect),)
    world = World(replace(VISITS, visits=visits, acceptance=acceptance, acceptance_follows=follows), customers, seed=77)
    world.until(START)
    x = features_at(world)
    chosen = x["purchase_365"].sort_values(kind="stable").index[-1_500:]
    covariates = np.log1p(x.loc[chosen, ["purchase_365", "purchase_90", "purchase_last", "frequency"]].to_numpy(float))
    base = _Base(world, chosen, covariates, world.truth_table()["purchases"], 0.0, 1.0)
    # The truth: the same futures with everybody visited and nobody.
    pairs = [[base.outcome(1_000_000 + k, plan) for plan in (chosen, chosen[:0])] for k in range(truth_futures)]
    gains = np.mean([one[0] - other[0] for one, other in pairs], axis=0)
    return base._replace(effect=float(gains.mean()), share_done=float(np.mean([one[1] for one, _ in pairs])))


def drawn(
    futures: Iterable[int],
    customers: int = 4_000,
    effect: float = 1.0,
    acceptance: float = 1.0,
    follows: float = 0.0,
    truth_futures: int = 60,
) -> pd.DataFrame:
    """Return a row a plan: the best 1,500 customers by past purchases, half of them left alone at random.

    Past and customers are one world's; each plan meets another future.
    """
    base = _planned_base(customers, effect, acceptance, follows, truth_futures)
    chosen, covariates, itt = base.chosen, base.covariates, base.effect
    rows = []
    for run in futures:
        rng = np.random.default_rng(run)
        assigned = rng.permutation(len(chosen)) % 2 == 0
        y, received = base.outcome(run, chosen[assigned])
        sizes, alone = (assigned.sum(), (~assigned).sum()), y[~assigned]
        planned = randomised_effect(y, assigned, covariates)
        carried_out = complier_effect(y, assigned, received, covariates)
        treated = randomised_effect(y, received, covariates)
        rows.append(
            {
                "estimate": planned.estimate,
                "standard_error": planned.standard_error,
                "covers": planned.low <= itt <= planned.high,
                "found": planned.low > 0 or planned.high < 0,
                "complier_covers": carried_out.low <= itt / base.share_done <= carried_out.high,
                "complier": carried_out.estimate,
                "as_treated": treated.estimate,
                "as_treated_covers": treated.low <= itt / base.share_done <= treated.high,
                "truth": itt,
                "complier_truth": itt / base.share_done,
                "predicted": minimum_detectable_effect(
                    float(alone.std(ddof=1)),
                    *sizes,
                    r_squared=_r_squared(alone, covariates[~assigned]),
                    mean=float(alone.mean()),
                ),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _r_squared(y: np.ndarray, covariates: np.ndarray) -> float:
    design = np.column_stack([np.ones(len(y)), covariates])
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1 - rest.var() / y.var())


def unchanged(futures: Iterable[int], customers: int = 4_000, content: str = "needs") -> pd.DataFrame:
    """Return a row a plan of visits that change nothing: which of the five measures are called changed.

    With the content `satisfaction_survey` the visits ask some of the planned, and rather satisfied ones answer: then
    satisfaction seems to rise although both groups were asked.
    """
    truth = replace(VISITS, feedback_per_year=40.0, visits=(Action("phone", 0.5, 0.0),)).without_effects()
    world = World(truth, customers, seed=78)
    world.until(START)
    x = features_at(world)
    chosen = x["purchase_365"].sort_values(kind="stable").index[-1_500:]
    model = BGNBD(penalizer=0.001).fit(x.loc[x["T"].notna()])

    def lifetime(now: pd.DataFrame) -> np.ndarray:
        amount = (now["spend"] + 100) / (now["purchase_count"] + 3)
        return model.expected_purchases(now, 365) * amount.to_numpy(float)

    known = pd.DataFrame(
        {
            "plan_id": "P",
            "customer_id": chosen,
            "expected_purchases": model.expected_purchases(x.loc[chosen], HORIZON),
            "purchases_before": x.loc[chosen, "purchase_90"].to_numpy(float),
            "lifetime_before": lifetime(x.loc[chosen]),
            "propensity": 0.5,
        }
    )
    before = world.truth_table().loc[chosen, ["purchases", "spend"]]
    rows = []
    for run in futures:
        treated = np.random.default_rng(run).permutation(len(chosen)) % 2 == 0
        twin = world.copy(run)
        plan = {"customer_id": chosen[treated], "day": START, "event_type": "visit", "channel": "phone"}
        twin.act(pd.DataFrame(plan).assign(content=content))
        ratings = twin.until(START + HORIZON, campaigns=False).to_pandas()
        rated = ratings.groupby("customer_id")[["satisfaction", "loyalty"]].mean().reindex(chosen)
        outcome = (twin.truth_table().loc[chosen, ["purchases", "spend"]] - before).to_numpy(float)
        table = known.assign(
            treated=treated,
            cost=treated * 1.0,
            purchases=outcome[:, 0],
            spend=outcome[:, 1],
            lifetime=outcome[:, 1] + lifetime(features_at(twin).loc[chosen]),
            satisfaction=rated["satisfaction"].to_numpy(float),
            loyalty=rated["loyalty"].to_numpy(float),
        )
        verdicts = {measure.name: measure.verdict for measure in five_measures(table)}
        rows.append(
            {name: verdict in ("up", "down") for name, verdict in verdicts.items()}
            | {"compared": sum(verdict not in ("not_comparable", "too_few") for verdict in verdicts.values())}
        )
    return pd.DataFrame(rows).assign(any=lambda table: table[list(MEASURES)].any(axis=1))


@cache
def predicted_effect() -> float:
    """Return the parameter of the effect that plans of 1,500 customers are predicted to see; effects follow it."""
    noise = drawn(range(20), effect=0.0, truth_futures=1)["predicted"].mean()
    return float(noise / _planned_base(4_000, 1.0, 1.0, 0.0, 60).effect)


EXPERIMENTS: dict[str, Callable[[Iterable[int]], pd.DataFrame]] = {
    "observed": lambda seeds: observed(seeds, futures=60),
    "drawn": lambda futures: drawn(futures, truth_futures=400),
    "drawn_without_effect": lambda futures: drawn(futures, effect=0.0, truth_futures=1),
    "drawn_with_predicted_effect": lambda futures: drawn(futures, effect=predicted_effect(), truth_futures=100),
    "skipped": lambda futures: drawn(futures, acceptance=0.5, follows=2.0, truth_futures=400),
    "value": value,
    "channels": channels,
    "unchanged": unchanged,
    "unchanged_by_survey": lambda futures: unchanged(futures, content="satisfaction_survey"),
    "rounds": rounds,
    "rounds_without_effects": lambda seeds: rounds(seeds, effects=False),
}


def kept_runs(experiment: str, seeds: Iterable[int], folder: Path | None) -> pd.DataFrame:
    """Return a row a seed; with a folder, rows are taken from it, and those missing are made and added one by one."""
    if folder is None:
        return EXPERIMENTS[experiment](seeds)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{experiment}.jsonl"
    kept = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    known = {row.pop("seed"): row for row in kept}
    for seed in seeds:
        if seed not in known:
            [row] = EXPERIMENTS[experiment]([seed]).to_dict("records")
            with file.open("a") as lines:
                lines.write(json.dumps({"seed": seed} | row, default=_plain) + "\n")
            known[seed] = row
    return pd.DataFrame([known[seed] for seed in seeds])


def _plain(value: np.generic) -> object:
    return value.item()


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.planning_worlds", description=__doc__)
    parser.add_argument("experiments", choices=EXPERIMENTS, nargs="+", metavar="EXPERIMENT")
    parser.add_argument("--runs", type=int, default=20, metavar="N")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keep each run there, and make missing ones only")
    arguments = parser.parse_args()
    for name in arguments.experiments:
        results = kept_runs(name, range(arguments.runs), arguments.cache)
        table = pd.DataFrame({"mean": results.mean(), "sd": results.std(), "standard error": results.sem()})
        print(f"{name}, {arguments.runs} runs\n{table.round(4).to_string()}\n", flush=True)


if __name__ == "__main__":
    main()

"""Plans and their effects where the truth is known: `python -m benchmarks.planning_worlds EXPERIMENT --runs N`.

Every experiment runs in worlds (`features.simulate.World`), whose copies meet the same chances: the truth is a paired
difference of two of them.

`observed`: visits by habit and at random; the naive difference and the doubly robust estimate beside the named
estimand, the total effect of one visit in four weeks on the purchases of eight, under the campaigns that follow.
`drawn`: hold-outs drawn at random; coverage, error of the first kind, and the power that was predicted.
`skipped`: the same where reps skip visits to poor customers; as planned, as carried out, and as treated.
`value`: what plans are worth that visit one customer in twenty, in expected spend.
`unchanged`: plans of visits without any effect; how often one of the five measures is called changed.
`rounds`: three plans from a catalogue that is wrong by a factor of three, each learning from the hold-outs before it.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from features.simulate import Action, Truth, World
from planning.allocation.allocate import allocate
from planning.causal_inference.complier_effect import complier_effect
from planning.causal_inference.doubly_robust import aipw_effect
from planning.causal_inference.power import minimum_detectable_effect
from planning.causal_inference.randomised_effect import randomised_effect
from planning.effects.five_measures import MEASURES, five_measures
from training.models.btyd.bg_nbd import BGNBD

DAY = pd.Timedelta(days=1)
VISITS = Truth(days=420, acquisition_days=280, incentives=())
START = 308  # the first day of a campaign period
HORIZON = 56


def features_at(world: World) -> pd.DataFrame:
    """Return what the log says of each customer now: purchases, spend and visits, by how long ago; NaN for never."""
    log = world.log().to_pandas()
    now = pd.Timestamp(world.truth.start) + world.day * DAY
    ids = world.truth_table().index
    ago = (now - log["event_time"]) / DAY
    columns = {}
    for kind in ("purchase", "visit", "usage", "feedback"):
        rows = log[log["event_type"] == kind].assign(ago=ago)
        by = rows.groupby("customer_id")["ago"]
        columns[f"{kind}_last"], columns[f"{kind}_count"] = by.min(), by.size()
        for days in (30, 90, 365):
            columns[f"{kind}_{days}"] = rows[rows["ago"] < days].groupby("customer_id").size()
    purchases = log[log["event_type"] == "purchase"].assign(ago=ago, day=log["event_time"].dt.normalize())
    by = purchases.groupby("customer_id")
    columns["T"], columns["spend"] = by["ago"].max(), by["amount"].sum()
    columns["spend_365"] = purchases[purchases["ago"] < 365].groupby("customer_id")["amount"].sum()
    columns["satisfaction"] = log.groupby("customer_id")["satisfaction"].mean()
    columns["frequency"] = by["day"].nunique() - 1
    columns["recency"] = (by["day"].max() - by["day"].min()) / DAY
    table = pd.DataFrame(columns).reindex(ids)
    counts = [name for name in table if name.split("_")[-1] in ("count", "30", "90", "365")]
    table = table.fillna(dict.fromkeys(counts, 0.0))
    return table.assign(T=np.maximum(np.floor(table["T"]), table["recency"]))


def bought_between(world: World, since: pd.Series) -> pd.Series:
    """Return the purchases of each customer since an earlier count."""
    return world.truth_table()["purchases"].reindex(since.index) - since


def visit_all(world: World, day: int, days: int = 28, seed: int = 0) -> pd.DataFrame:
    """Return a plan that visits every known customer once, on any workday, in the campaigns' mix of channels."""
    rng = np.random.default_rng(seed)
    table = world.truth_table()
    ids = table.index[table["first_purchase"] < pd.Timestamp(world.truth.start) + day * DAY]
    shares = np.array([visit.per_year for visit in world.truth.visits])
    channels = rng.choice([visit.channel for visit in world.truth.visits], len(ids), p=shares / shares.sum())
    workdays = [one for one in range(day, day + days) if (pd.Timestamp(world.truth.start) + one * DAY).day_of_week < 5]
    return pd.DataFrame(
        {"customer_id": ids, "day": rng.choice(workdays, len(ids)), "event_type": "visit", "channel": channels}
    )


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


def observed(runs: int, customers: int = 4_000, truth: Truth = VISITS, futures: int = 12) -> pd.DataFrame:
    """Return a row a log: the naive difference, the doubly robust estimate and the truth."""
    target, error = true_total_effect(truth, 20_000, futures)
    rows = []
    for seed in range(runs):
        world = World(truth, customers, seed)
        world.until(START)
        x, before = features_at(world), world.truth_table()["purchases"]
        world.until(START + HORIZON)
        decisions = world.decisions()
        period = decisions[decisions["start"].dt.normalize() == pd.Timestamp(truth.start) + START * DAY]
        period = period.set_index("customer_id")
        treated = period["channel"].notna().to_numpy()
        y = bought_between(world, before[period.index]).to_numpy(float)
        found = aipw_effect(y, treated, x.loc[period.index]).effect
        rows.append(
            {
                "naive": y[treated].mean() - y[~treated].mean(),
                "estimate": found.estimate,
                "standard_error": found.standard_error,
                "covers": found.low <= target <= found.high,
                "truth": target,
                "truth_error": error,
            }
        )
    return pd.DataFrame(rows)


def drawn(
    runs: int,
    customers: int = 4_000,
    effect: float = 1.0,
    acceptance: float = 1.0,
    follows: float = 0.0,
    truth_futures: int = 60,
) -> pd.DataFrame:
    """Return a row a plan: the best 1,500 customers by past purchases, half of them left alone at random.

    Past and customers are one world's; each plan meets another future.
    """
    truth = replace(
        VISITS, visits=(Action("phone", 0.5, effect),), acceptance=acceptance, acceptance_follows=follows
    )  # fmt: skip
    world = World(truth, customers, seed=77)
    world.until(START)
    x = features_at(world)
    chosen = x["purchase_365"].sort_values(kind="stable").index[-1_500:]
    covariates = np.log1p(x.loc[chosen, ["purchase_365", "purchase_90", "purchase_last", "frequency"]].to_numpy(float))
    before = world.truth_table()["purchases"]

    def outcome(future: int, plan: pd.Index) -> tuple[np.ndarray, np.ndarray]:
        twin = world.copy(future)
        twin.act(
            pd.DataFrame({"customer_id": plan, "day": START, "event_type": "visit", "channel": "phone"}).assign(
                plan_item=plan
            )
        )
        twin.until(START + HORIZON, campaigns=False)
        records = twin.records()
        received = chosen.isin(records.loc[records["status"] == "done", "customer_id"])
        return bought_between(twin, before[chosen]).to_numpy(float), received

    # The truth: the same futures with everybody visited and nobody.
    pairs = [(outcome(1_000_000 + k, chosen), outcome(1_000_000 + k, chosen[:0])) for k in range(truth_futures)]
    gains = np.mean([one[0] - other[0] for one, other in pairs], axis=0)
    share_done = float(np.mean([one[1] for one, _ in pairs]))
    itt = float(gains.mean())
    rows = []
    for run in range(runs):
        rng = np.random.default_rng(run)
        assigned = rng.permutation(len(chosen)) % 2 == 0
        y, received = outcome(run, chosen[assigned])
        sizes = assigned.sum(), (~assigned).sum()
        planned = randomised_effect(y, assigned, covariates)
        carried_out = complier_effect(y, assigned, received, covariates)
        treated = randomised_effect(y, received, covariates)
        rows.append(
            {
                "estimate": planned.estimate,
                "standard_error": planned.standard_error,
                "covers": planned.low <= itt <= planned.high,
                "found": planned.low > 0 or planned.high < 0,
                "complier_covers": carried_out.low <= itt / share_done <= carried_out.high,
                "complier": carried_out.estimate,
                "as_treated": treated.estimate,
                "as_treated_covers": treated.low <= itt / share_done <= treated.high,
                "truth": itt,
                "complier_truth": itt / share_done,
                "predicted": minimum_detectable_effect(
                    float(y.std(ddof=1)), *sizes, r_squared=_r_squared(y, covariates)
                ),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _r_squared(y: np.ndarray, covariates: np.ndarray) -> float:
    design = np.column_stack([np.ones(len(y)), covariates])
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(1 - rest.var() / y.var())


def value(
    runs: int, customers: int = 20_000, truth: Truth | None = None, futures: int = 6, share: float = 0.05
) -> pd.DataFrame:
    """Return a row a world: what each plan of visits by phone is worth in spend, in 56 days.

    Whoever is visited changes nobody else, so one pair of worlds, in which everybody is visited or nobody, gives the
    value of every plan.
    """
    truth = replace(Truth(days=860, acquisition_days=600), visit_random_share=0.3) if truth is None else truth
    rows = []
    for seed in range(runs):
        world = World(truth, customers, seed)
        start = truth.days - 84 - truth.days % 28
        world.until(start)
        table, x = world.truth_table(), features_at(world)
        known = x.index[x["T"].notna()]
        table, x = table.loc[known], x.loc[known]
        plan = pd.DataFrame({"customer_id": known, "day": start, "event_type": "visit", "channel": "phone"})
        gain = pd.Series(0.0, known)
        for future in range(futures):
            visited, unvisited = world.copy(future), world.copy(future)
            visited.act(plan)
            for twin in (visited, unvisited):
                twin.until(start + HORIZON, campaigns=False)
            gain += (visited.truth_table()["purchases"] - unvisited.truth_table()["purchases"]).loc[known] / futures
        # Each purchase at the customer's own mean amount: the amounts' chance adds nothing but noise.
        gain *= table["mean_spend"]

        model = BGNBD(penalizer=0.001).fit(x)
        bought = model.expected_purchases(x, HORIZON)
        mean = table["mean_spend"].mean()
        amount = (x["spend"] + 3 * mean) / (x["purchase_count"] + 3)  # shrunk to the mean of all
        scores = {
            "forecast": bought * amount,
            "known state": table["rate"] * table["alive_until"].isna() * table["mean_spend"],
            "most loyal": x["spend_365"].fillna(0),
            "churn risk": model.no_purchase_probability(x, HORIZON),
            "random": pd.Series(np.random.default_rng(seed).random(len(known)), known),
        }
        n = round(share * len(known))
        row = {}
        for name, score in scores.items():
            # With one limit that takes one of each, the best plan is the highest scores.
            picked = np.argsort(-np.asarray(score, float), kind="stable")[:n]
            row[name] = float(gain.iloc[picked].sum())
        rows.append(row)
    return pd.DataFrame(rows)


def unchanged(runs: int, customers: int = 4_000, content: str = "needs") -> pd.DataFrame:
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
    for run in range(runs):
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


CATALOGUE = {"face_to_face": (0.50 / 3, 45.0, 2.0), "phone": (0.25, 12.0, 0.4), "email": (0.10 * 3, 1.0, 0.05)}
"""Guessed effect (wrong by a factor of three in two of three), minutes, cost."""


def rounds(runs: int, customers: int = 8_000, minutes: float = 6_000.0, effects: bool = True) -> pd.DataFrame:
    """Return a row a world: the true value of three plans and their sizes; the later ones learn from the hold-outs."""
    truth = Truth(days=700, acquisition_days=400, incentives=())
    truth = truth if effects else truth.without_effects()
    rows = []
    for seed in range(runs):
        world = World(truth, customers, seed)
        world.until(448)
        prior = {name: (guess, guess) for name, (guess, _, _) in CATALOGUE.items()}  # mean and its error
        row = {}
        for number in range(1, 4):
            start = world.day
            x = features_at(world)
            x = x[x["T"].notna()]
            bought = BGNBD(penalizer=0.001).fit(x).expected_purchases(x, 28)
            amount = ((x["spend"] + 100) / (x["purchase_count"] + 3)).to_numpy()
            options = pd.concat(
                [
                    pd.DataFrame(
                        {
                            "customer": np.arange(len(x)),
                            "action": name,
                            "value": 0.4 * bought * amount * prior[name][0] - cost,
                            "minutes": needed,
                        }
                    )
                    for name, (_, needed, cost) in CATALOGUE.items()
                ],
                ignore_index=True,
            )
            usage = sparse.csr_array(options[["minutes"]].to_numpy())
            picked = options[allocate(options, usage, np.array([minutes])).chosen]
            plan = pd.DataFrame(
                {"customer_id": x.index[picked["customer"]], "day": start, "event_type": "visit",
                 "channel": picked["action"].to_numpy()}
            )  # fmt: skip
            row |= {f"round {number}": _true_value(world, plan), f"size {number}": float(len(plan))}
            rng = np.random.default_rng((seed, number))
            control = rng.random(len(plan)) < 0.3
            before = world.truth_table()["purchases"]
            world.act(plan[~control])
            world.until(start + 28, campaigns=False)
            y = bought_between(world, before[plan["customer_id"]]).to_numpy(float)
            expected = bought[picked["customer"]]
            for name in CATALOGUE:
                rows_of = (plan["channel"] == name).to_numpy()
                if min((rows_of & control).sum(), (rows_of & ~control).sum()) >= 20:
                    found = randomised_effect(y[rows_of], ~control[rows_of], expected[rows_of])
                    scale = max(expected[rows_of].mean(), 1e-9)
                    prior[name] = _updated(prior[name], found.estimate / scale, found.standard_error / scale)
        rows.append(row)
    return pd.DataFrame(rows)


def _updated(prior: tuple[float, float], estimate: float, error: float) -> tuple[float, float]:
    weights = 1 / prior[1] ** 2, 1 / error**2
    return (prior[0] * weights[0] + estimate * weights[1]) / sum(weights), sum(weights) ** -0.5


def _true_value(world: World, plan: pd.DataFrame, futures: int = 6) -> float:
    table = world.truth_table()
    gain = pd.Series(0.0, table.index)
    for future in range(futures):
        acted, idle = world.copy(future), world.copy(future)
        acted.act(plan)
        for twin in (acted, idle):
            twin.until(world.day + 28, campaigns=False)
        gain += (acted.truth_table()["purchases"] - idle.truth_table()["purchases"]) / futures
    costs = plan["channel"].map({name: cost for name, (_, _, cost) in CATALOGUE.items()}).sum()
    return float(0.4 * (gain * table["mean_spend"]).sum() - costs)


EXPERIMENTS: dict[str, Callable[[int], pd.DataFrame]] = {
    "observed": observed,
    "drawn": drawn,
    "skipped": lambda runs: drawn(runs, acceptance=0.5, follows=2.0),
    "value": value,
    "unchanged": unchanged,
    "unchanged_by_survey": lambda runs: unchanged(runs, content="satisfaction_survey"),
    "rounds": rounds,
    "rounds_without_effects": lambda runs: rounds(runs, effects=False),
}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.planning_worlds", description=__doc__)
    parser.add_argument("experiment", choices=EXPERIMENTS)
    parser.add_argument("--runs", type=int, default=20, metavar="N")
    arguments = parser.parse_args()
    found = EXPERIMENTS[arguments.experiment](arguments.runs)
    print(pd.DataFrame({"mean": found.mean(), "sd": found.std(), "standard error": found.sem()}).round(4).to_string())


if __name__ == "__main__":
    main()

"""Plans of visits and incentives beside their peers: `python -m benchmarks.planning uplift`.

`uplift` orders the customers of Hillstrom's e-mail test (64,000 customers at random to one of two e-mails or none; read
from a folder of data, not shipped) on 20 fixed half splits, with every learner's effects measured by one function. The
peers, scikit-uplift and econml, live in an environment of their own, `requirements/planning_peers.txt`: run the program
in it with `--peers`, which needs nothing of Regulars but the splits.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.stopwatch import CHECKOUT, leave_out

HILLSTROM = CHECKOUT.parent / "shared" / "data" / "hillstrom_email_test.parquet"
ARMS = ("Womens E-Mail", "Mens E-Mail")
SPLITS = 20
FIRST_SEED = 1000


def experiment(arm):
    """Features, group and visits of an e-mail beside none."""
    log = pd.read_parquet(HILLSTROM)
    log = log[log["treatment"].isin([arm, "No E-Mail"])].reset_index(drop=True)
    columns = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    x = pd.get_dummies(log[columns], drop_first=True, dtype=float)
    return x, (log["treatment"] == arm).to_numpy(), log["visit"].to_numpy(float)


def splits(n, count) -> Iterator[np.ndarray]:
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        yield np.random.default_rng(seed).permutation(n) < n // 2


def peers() -> dict[str, Callable]:
    """Learners of scikit-uplift and econml: from features, group, outcome and other features to effects."""
    from econml.dr import LinearDRLearner
    from econml.metalearners import XLearner
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression
    from sklift.models import SoloModel, TwoModels

    trees = {"max_iter": 60, "max_leaf_nodes": 8, "early_stopping": False, "random_state": 0}

    def solo(x, t, y, at):
        return SoloModel(HistGradientBoostingClassifier(**trees)).fit(x, y, t).predict(at)

    def two(x, t, y, at):
        one, other = (HistGradientBoostingClassifier(**trees) for _ in range(2))
        return TwoModels(one, other).fit(x, y, t).predict(at)

    def two_linear(x, t, y, at):
        one, other = (LogisticRegression(max_iter=1000) for _ in range(2))
        scale = x.mean(), x.std()
        x, at = (x - scale[0]) / scale[1], (at - scale[0]) / scale[1]
        return TwoModels(one, other).fit(x, y, t).predict(at)

    def linear_dr(x, t, y, at):
        model = LinearDRLearner(
            model_regression=HistGradientBoostingRegressor(**trees),
            model_propensity=LogisticRegression(max_iter=1000),
            cv=5,
            random_state=0,
        )
        return model.fit(y, t, X=x.to_numpy()).effect(at.to_numpy())

    def x_learner(x, t, y, at):
        model = XLearner(
            models=HistGradientBoostingRegressor(**trees), propensity_model=LogisticRegression(max_iter=1000)
        )
        return model.fit(y, t, X=x.to_numpy()).effect(at.to_numpy())

    return {
        "scikit-uplift solo": solo,
        "scikit-uplift two models": two,
        "scikit-uplift two models, linear": two_linear,
        "econml LinearDR": linear_dr,
        "econml X": x_learner,
    }


def own() -> dict[str, Callable]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    from planning.causal_inference.nuisance_models import BOOSTING
    from planning.uplift.uplift_model import UpliftModel

    def ours(x, t, y, at):
        return UpliftModel().fit(x, t, y, np.full(len(y), 0.5)).predict(at)[0]

    def response(x, t, y, at):
        return HistGradientBoostingRegressor(**BOOSTING).fit(x.to_numpy(), y).predict(at.to_numpy())

    def random(x, t, y, at):
        return np.random.default_rng(len(y)).random(len(at))

    return {"ours": ours, "response model": response, "random": random}


def predictions(learners, out: Path, count: int) -> None:
    """Write the effects of each learner on the other half of each split."""
    out.mkdir(parents=True, exist_ok=True)
    for arm in ARMS:
        x, t, y = experiment(arm)
        for k, half in enumerate(splits(len(y), count)):
            train = x[half].reset_index(drop=True), t[half].astype(int), y[half]
            for name, learner in learners.items():
                effects = np.asarray(learner(*train, x[~half].reset_index(drop=True)), float)
                np.save(out / f"{name}.{arm}.{k}.npy", effects)
            print(arm, k, flush=True)


def uplift(out: Path, count: int) -> None:
    """Measure what is in the folder: Qini a customer, mean and spread over splits, positive ones, calibration slope."""
    from planning.uplift.uplift_evaluation import calibration, effect_scores, qini

    values: dict[str, dict[str, list[float]]] = {}
    for arm in ARMS:
        _, t, y = experiment(arm)
        names = sorted({file.name.split(".")[0] for file in out.glob(f"*.{arm}.*.npy")})
        rows = {name: [] for name in names}
        for k, half in enumerate(splits(len(y), count)):
            scores = effect_scores(y[~half], t[~half], 0.5)
            for name in names:
                effects = np.load(out / f"{name}.{arm}.{k}.npy")
                slope = calibration(scores, effects).slope.value if np.ptp(effects) > 0 else np.nan
                rows[name].append((qini(scores, effects).value, slope))
        values[arm] = {name: [q for q, _ in found] for name, found in rows.items()}
        print(f"\n{arm}\n| learner | Qini | sd | positive | median slope | ours less it, paired standard errors |")
        print("|---|---:|---:|---:|---:|---:|")
        for name, found in sorted(rows.items(), key=lambda item: -np.mean([q for q, _ in item[1]])):
            q, slope = np.array(found).T
            difference = np.array(values[arm]["ours"]) - q
            error = difference.std(ddof=1) / np.sqrt(len(q))
            paired = f"{difference.mean():+.5f}, {difference.mean() / error:+.1f}" if error > 0 else ""
            spread = f"{q.mean():.5f} | {q.std(ddof=1):.5f} | {(q > 0).sum()} of {len(q)}"
            print(f"| {name} | {spread} | {np.nanmedian(slope):.2f} | {paired} |")
    (out / "qini.json").write_text(json.dumps(values, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["uplift"])
    parser.add_argument("--peers", action="store_true", help="fit the peers' learners only")
    parser.add_argument("--out", type=Path, default=Path("var/planning"))
    parser.add_argument("--splits", type=int, default=SPLITS, metavar="N")
    arguments = parser.parse_args()
    if not HILLSTROM.is_file():
        leave_out(f"{HILLSTROM} is not here")
    predictions(peers() if arguments.peers else own(), arguments.out, arguments.splits)
    if not arguments.peers:
        uplift(arguments.out, arguments.splits)


if __name__ == "__main__":
    main()

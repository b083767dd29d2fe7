"""The allocation of large plans, each in a process of its own: `python -m benchmarks.allocation`.

A made-up base: eight actions, of which a customer is eligible for 60 %; two kinds of visit and of call take minutes of
a rep, calls a number of them, e-mails and offers one each, everything a budget; all are scarce. `--reps 100` gives each
of 100 reps minutes and calls of their own: 203 limits. `--ties`: values are those of segments, which thousands of
customers share. `--travel`: the minutes of visits hold the way to each customer and fill a week less evenly than
quarters of an hour do.
"""

import argparse
import sys
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.stopwatch import measured, tell
from planning.allocation.allocate import allocate

EFFECT = np.array([0.3, 0.25, 0.12, 0.1, 0.04, 0.1, 0.12, 0.05])
MINUTES = np.array([90.0, 60.0, 15.0, 30.0, 0.0, 0.0, 0.0, 0.0])
COST = np.array([8.0, 5.0, 1.0, 2.0, 0.05, 3.0, 4.0, 1.0])
CASES = (
    (100_000, 1, ()),
    (1_000_000, 1, ()),
    (100_000, 100, ()),
    (100_000, 100, ("--travel",)),
    (100_000, 100, ("--ties",)),
    (20_000, 20, ("--ties",)),
    (2_000, 2, ()),
)


def base(customers: int, reps: int, ties: bool, travel: bool) -> tuple[pd.DataFrame, sparse.csr_array, np.ndarray]:
    """Options, what they take from each limit, and the limits; in parts, so that making them needs little memory."""
    part = 100_000
    made = [_part(start, min(part, customers - start), reps, ties, travel) for start in range(0, customers, part)]
    per_rep = customers / reps
    capacity = np.concatenate([np.full(reps, 1.8 * per_rep), np.full(reps, round(0.04 * per_rep))])
    whole = customers * np.array([0.1, 0.05, 0.3])
    usage = sparse.vstack([usage for _, usage in made], format="csr")
    return pd.concat([options for options, _ in made], ignore_index=True), usage, np.concatenate([capacity, whole])


def _part(first: int, customers: int, reps: int, ties: bool, travel: bool) -> tuple[pd.DataFrame, sparse.csr_array]:
    rng, actions = np.random.default_rng(first), len(EFFECT)
    customer, action = np.repeat(np.arange(customers), actions), np.tile(np.arange(actions), customers)
    spend = rng.lognormal(4, 1, customers)
    response = rng.lognormal(-0.3, 0.8, len(customer))
    if ties:
        spend = np.exp(np.round(np.log(spend) / 0.5) * 0.5)
        response = np.exp(0.5 * np.round(rng.normal(0, 1, customers))).repeat(actions)
    minutes = MINUTES[action] + (rng.integers(5, 31, customers)[customer] * (action < 2) if travel else 0.0)
    cost = COST[action] * (1.0 if ties else rng.lognormal(0, 0.2, len(customer)))
    value = 0.35 * spend[customer] * EFFECT[action] * response - cost
    kept = rng.random(len(customer)) < 0.605
    customer, action, minutes, cost, value = (each[kept] for each in (customer, action, minutes, cost, value))
    rep, rows = rng.integers(0, reps, customers)[customer], np.arange(len(customer))
    takes = [(rows, rep, minutes), (rows, reps + rep, np.isin(action, (2, 3)))]
    takes += [(rows, 0 * rows + 2 * reps, action == 4), (rows, 0 * rows + 2 * reps + 1, action >= 5)]
    takes += [(rows, 0 * rows + 2 * reps + 2, cost)]
    row, limit, amount = (np.concatenate(each) for each in zip(*takes, strict=True))
    usage = sparse.csr_array((amount.astype(float), (row, limit)), shape=(len(rows), 2 * reps + 3))
    usage.eliminate_zeros()
    return pd.DataFrame({"customer": first + customer, "value": value}), usage


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.allocation", description=__doc__)
    parser.add_argument("--customers", type=int, help="one base only, measured in this process")
    parser.add_argument("--most", type=int, default=1_000_000, metavar="N", help="leave larger bases out")
    parser.add_argument("--reps", type=int, default=1)
    parser.add_argument("--ties", action="store_true")
    parser.add_argument("--travel", action="store_true")
    arguments = parser.parse_args()
    if arguments.customers:
        options, usage, capacity = base(arguments.customers, arguments.reps, arguments.ties, arguments.travel)

        def run() -> dict[str, Any]:
            allocation = allocate(options, usage, capacity)
            over = usage[np.flatnonzero(allocation.chosen)].sum(axis=0) - capacity
            facts = {"options": len(options), "limits": len(capacity), "gap": allocation.gap}
            return facts | {"chosen": int(allocation.chosen.sum()), "over": float(over.max())}

        tell(run, lambda: allocate(*base(100, 1, False, False)))
        return
    print(" customers    options limits               gap %   CPU s  wall s     MB")
    for customers, reps, flags in CASES:
        if customers > arguments.most:
            continue
        module = "benchmarks.allocation"
        run = measured(sys.executable, module, "--customers", customers, "--reps", reps, *flags)
        facts = run.facts
        what = f"{customers:>10,} {facts['options']:>10,} {facts['limits']:>6} {' '.join(flags):10}"
        seconds = f"{run.cpu:>7.1f} {run.wall:>7.1f}"
        print(f"{what} {100 * facts['gap']:>8.4f} {seconds} {run.peak / 1e6:>6.0f}")


if __name__ == "__main__":
    main()

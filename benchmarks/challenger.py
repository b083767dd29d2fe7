"""What a challenger costs and needs: `python -m benchmarks.challenger customers`, `... latency --pairs 2000`.

`customers` says how many times the customers of a shadow a canary needs for the same certainty, by horizon: on a
simulated log with the fit of half a year before as champion and a refit as challenger, on Online Retail II with the
champion's level moved to the last window, tried on the window after it. `latency` starts two services, one with a
challenger in shadow, and asks them in turn.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.simulate import simulate
from features.store.event_store import EventStore, open_store
from tests.serving.load import BODY
from tests.serving.running import latest, put, running, variant
from tests.training.logs import stored
from training.evaluation.evaluation import customer_losses
from training.fit import fit_customer_model
from training.models.customer_model import CustomerModel
from training.models.rollout import ROLLOUT_FILE, Role, Rollout, rollout_text
from training.recalibration import shift_of, shifted, window_at
from training.targets import targets

SHARE = 0.1
HORIZONS, HALF_A_YEAR = (90, 28, 7), 182
EXAMPLE = Path(__file__).parents[1] / "examples" / "online_retail_ii.parquet"


def customers(folder: Path, size: int, seed: int) -> None:
    """Print the table of both logs."""
    simulated = folder / "simulated.parquet"
    pq.write_table(simulate(customers=size, seed=seed)[0], simulated)
    logs = (("simulated", simulated, "2025-02-01"), ("Online Retail II", EXAMPLE, "2011-03-01"))
    for name, log, cutoff in logs:
        folder_of_log = folder / name
        ingest(log, folder_of_log, timezone="Europe/London")
        store = open_store(folder_of_log)
        day, zone = AsOf.parse(cutoff, store.timezone).day, store.timezone
        fitted = day - HALF_A_YEAR if log is simulated else day
        model = fit_customer_model(store, AsOf.at_midnight(fitted, zone).date, load_formula(), quick=True)
        refit = fit_customer_model(store, cutoff, load_formula(), quick=True) if log is simulated else None
        for days in HORIZONS:
            start = AsOf.at_midnight(day if refit else day + days, zone)
            other = refit or shifted(model, shift_of(model, window_at(store, day, days, start)))
            print(f"| {name} | " + " | ".join(ratio(store, model, other, start, days)) + " |", flush=True)


def ratio(store: EventStore, model: CustomerModel, other: CustomerModel, start: AsOf, days: int) -> list[str]:
    """Return the variances of losses and of their differences at a horizon, and the ratio of customers."""
    features = feature_table(store, start)
    features = features[features["purchase_days"] > 0]
    known = AsOf.parse("2100-01-01", store.timezone)
    happened = targets(store, start, [days], known)[f"purchases_{days}"].loc[features.index]
    one, two = (customer_losses(happened, each.predict(features, start.day, days)) for each in (model, other))
    line = [str(days), f"{len(features):,}"]
    for measure in ("deviance", "log_loss"):
        alone, pairs = one[measure].var(), (two[measure] - one[measure]).var()
        line += [f"{alone:.4f}", f"{pairs:.5f}", f"{alone / pairs * (1 / SHARE + 1 / (1 - SHARE)):,.0f}"]
    return line


def a_model(folder: Path) -> CustomerModel:
    """Return a model of a small simulated log."""
    store = stored(simulate(customers=1_000, seed=1)[0], folder)
    return fit_customer_model(store, "2025-06-01", load_formula(), quick=True)


def latency(folder: Path, pairs: int) -> None:
    """Print the response times of both services, in pairs, and the processor time an answer."""
    import httpx

    model = a_model(folder)
    homes = [folder / "alone", folder / "beside"]
    for home in homes:
        first, second = put(home, variant(model, 1), 1), put(home, variant(model, 2), 2)
        latest(home, first.name)
    rollout = Rollout(first.name, second.name, Role.SHADOW)
    (homes[1] / "models" / "regulars" / ROLLOUT_FILE).write_text(rollout_text(rollout))
    logs = [("--forecast-log", str(home / "log")) for home in homes]
    headers = {"Content-Type": "application/json"}
    with (
        running(homes[0], *logs[0]) as one,
        running(homes[1], *logs[1]) as two,
        httpx.Client(trust_env=False) as client,
    ):
        assert json.loads(client.get(f"{two.url}/versions").content)["challenger"]["role"] == "shadow"
        services, times = (one, two), np.empty((pairs, 2))
        workers = [psutil.Process(service.workers()[0]) for service in services]
        for warm in range(200):
            client.post(f"{services[warm % 2].url}/score", content=BODY, headers=headers)
        before = [sum(worker.cpu_times()[:2]) for worker in workers]
        for pair in range(pairs):
            for which in (0, 1) if pair % 2 else (1, 0):
                began = time.perf_counter()
                client.post(f"{services[which].url}/score", content=BODY, headers=headers).raise_for_status()
                times[pair, which] = 1e3 * (time.perf_counter() - began)
        time.sleep(12)  # what waits is written
        used = [sum(worker.cpu_times()[:2]) - start for worker, start in zip(workers, before, strict=True)]
        dropped = client.get(f"{two.url}/metrics").text.split("\nregulars_shadow_dropped ")[1].split("\n")[0]
    for name, at in (("alone", 0), ("with a shadow", 1)):
        quantiles = " ".join(f"{q:.2f}" for q in np.quantile(times[:, at], [0.5, 0.9, 0.99]))
        print(f"{name}: median, 90 %, 99 % {quantiles} ms; {1e6 * used[at] / pairs:.0f} us of the worker an answer")
    draws = np.random.default_rng(0).integers(0, pairs, (1_000, pairs))
    differences = times[:, 1] - times[:, 0]
    low, high = np.quantile(np.median(differences[draws], axis=1), [0.025, 0.975])
    print(f"median of the differences {statistics.median(differences):+.3f} ms ({low:+.3f} to {high:+.3f})")
    print(f"forecasts of the shadow dropped: {dropped}; load {psutil.getloadavg()[0]:.0f}")


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("customers", "latency"))
    parser.add_argument("--pairs", type=int, default=2_000)
    parser.add_argument("--customers", type=int, default=5_000, help="of the simulated log")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.what == "customers":
            customers(Path(folder), given.customers, given.seed)
        else:
            latency(Path(folder), given.pairs)


if __name__ == "__main__":
    main()

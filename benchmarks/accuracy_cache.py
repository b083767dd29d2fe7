"""The forecasts of `benchmarks.accuracy` in a folder, so that one forecaster can be run anew without the others.

    LOG/store                         the event store
    LOG/DATE/features.parquet         the feature table at the date
    LOG/DATE/HORIZON/outcome.parquet  `purchases`, the occasions in the horizon
    LOG/DATE/HORIZON/truth.parquet    of a simulated log, `expected_purchases` and `churn_probability` by the truth
    LOG/DATE/HORIZON/FORECASTER.parquet  `expected_purchases`, `churn_probability`, `low`, `high`

All are indexed by `customer_id`, in the same order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import pandas as pd

from benchmarks.accuracy_forecasters import ForecastFunction
from benchmarks.accuracy_logs import Log, store_of
from benchmarks.accuracy_worlds import WORLDS, expectation
from training.windows import window


@dataclass(frozen=True)
class Case:
    """A log, date and horizon, with the outcome and all forecasts there are.

    Attributes
    ----------
    log, date : str
    horizon_days : int
    features : DataFrame, shape (n, columns)
    purchases : Series of int, shape (n,)
    forecasts : dict of str to DataFrame, shape (n, 4)
    truth : DataFrame, shape (n, 2), or None
        Of a simulated log: what is expected by who knows each customer.
    """

    log: str
    date: str
    horizon_days: int
    features: pd.DataFrame
    purchases: pd.Series
    forecasts: dict[str, pd.DataFrame]
    truth: pd.DataFrame | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        """Log, date and horizon."""
        return self.log, self.date, self.horizon_days


def fill(
    log: Log, cache: Path, data: Path, forecasters: Mapping[str, ForecastFunction], anew: Sequence[str] = ()
) -> bool:
    """Make the forecasts that the cache lacks, and those named in `anew`; return whether the log is at hand."""
    store = store_of(log, cache / log.name, data)
    if store is None:
        print(f"{log.name}: left out, the data are not at hand", flush=True)
        return False
    for date, horizons in log.windows.items():
        folder = cache / log.name / date
        files = {name: [folder / str(days) / f"{name}.parquet" for days in horizons] for name in forecasters}
        wanted = [name for name, paths in files.items() if name in anew or not all(path.exists() for path in paths)]
        if not wanted:
            continue
        current = window(store, date, horizons)
        if missing := [days for days in horizons if days not in current.purchases]:
            raise ValueError(f"{log.name} ends before {missing[0]} days from {date} are over")
        for days in horizons:
            (folder / str(days)).mkdir(parents=True, exist_ok=True)
            purchases = pd.Series(current.purchases[days], current.features.index, name="purchases")
            purchases.to_frame().to_parquet(folder / str(days) / "outcome.parquet")
            if log.name in WORLDS:
                truth = expectation(log.name, cache / log.name, date, days).reindex(current.features.index)
                truth.to_parquet(folder / str(days) / "truth.parquet")
        current.features.to_parquet(folder / "features.parquet")
        for name in wanted:
            start = process_time()
            made = forecasters[name](store, current, horizons)
            for days, path in zip(horizons, files[name], strict=True):
                made[days].to_parquet(path)
            print(f"{log.name} {date} {name}: {process_time() - start:.1f} s of the processor", flush=True)
    return True


def cases(log: Log, cache: Path) -> Iterator[Case]:
    """Yield every date and horizon of a log with the forecasts in the cache."""
    for date, horizons in log.windows.items():
        features = pd.read_parquet(cache / log.name / date / "features.parquet")
        for days in horizons:
            folder = cache / log.name / date / str(days)
            tables = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
            purchases, truth = tables.pop("outcome")["purchases"], tables.pop("truth", None)
            yield Case(log.name, date, days, features, purchases, tables, truth)


def write_windows(found: Sequence[Case], folder: Path) -> None:
    """Write one file for each case: the outcome, and every forecast in columns `FORECASTER.COLUMN`."""
    folder.mkdir(parents=True, exist_ok=True)
    for case in found:
        wide = [table.add_prefix(f"{name}.") for name, table in case.forecasts.items()]
        table = pd.concat([case.purchases, *wide], axis=1)
        table.to_parquet(folder / f"{case.log}_{case.date}_{case.horizon_days}.parquet")

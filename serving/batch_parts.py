"""Scores at several cutoffs as folders of Parquet parts, computed a range of customers at a time."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pandas as pd
import pyarrow as pa

from features.as_of import AsOf
from features.engines.feature_table import feature_rows
from features.engines.reused_memory import ReusedMemory
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.partitions.customer_ranges import CustomerRange
from features.partitions.folder import date_folder, store_content
from features.partitions.joined_table import write_joined
from features.partitions.parts import Summary, write_part, write_parts
from features.partitions.runners import Runner, run_here
from features.scratch_folders import scratch_folder
from features.segments.segmentation import Segmentation
from features.store.event_store import EventStore
from serving.batch import ROW_GROUP, score_rows, score_schema, scored_table
from serving.batch_forecasts import CompiledForecasts, Forecasts


class ScoreTotals(NamedTuple):
    """Sums over customers.

    Attributes
    ----------
    customers : int
        All of them.
    scored : int
        Those with a loyalty score.
    loyalty_score, expected_purchases, churn_probability : float
        The sums of these columns; 0 where there is no such column.
    """

    customers: int
    scored: int
    loyalty_score: float
    expected_purchases: float
    churn_probability: float

    @property
    def mean_score(self) -> float:
        """The mean loyalty score; NaN without any."""
        return self.loyalty_score / self.scored if self.scored else math.nan


def write_score_parts(
    store: EventStore,
    as_ofs: Sequence[str],
    formula: Formula,
    folder: str | Path,
    forecasts: Forecasts | None = None,
    segmentation: Segmentation | None = None,
    run: Runner = run_here,
    progress: Callable[[int], None] | None = None,
) -> dict[str, ScoreTotals]:
    """Write the scores of `serving.batch.write_scores` at some cutoffs as a folder of Parquet parts.

    Parameters
    ----------
    store : EventStore
        A store on disk.
    as_ofs : sequence of str
        The cutoffs, each a date or a time.
    formula : Formula
        The loyalty rule; its parts in currency are left out if the log has no amounts.
    folder : str or Path
        Where they go; an earlier result there is replaced in one step.
    forecasts : Forecasts, optional
        What to forecast with which model, in its compiled form; None writes the rule alone.
    segmentation : Segmentation, optional
        RFM segments with boundaries.
    run : callable
        Where to compute, see `write_parts`.
    progress : callable, optional
        Called with the number of customers of each range that is done.

    Returns
    -------
    dict of str to ScoreTotals
        The totals at each cutoff.

    Raises
    ------
    AsOfError
        When a cutoff is not a date or time.
    FormulaError
        When no part of the formula has data in the log.
    ModelError
        When the model has no compiled form, cannot forecast at a cutoff, or learnt from ratings of another scale.
    TableFileError
        When the folder cannot be replaced.
    """
    cutoffs = {as_of: AsOf.parse(as_of, store.timezone) for as_of in as_ofs}
    if forecasts:
        forecasts.model.card.require_rating_scale(store.rating_maximum)
    rule = drop_unpriced_parts(store, formula)
    compiled = forecasts.for_workers() if forecasts else None
    schemas = {as_of: score_schema(store, as_of, rule, forecasts, segmentation) for as_of in as_ofs}
    computation = ScoreParts(cutoffs, schemas, rule, compiled, segmentation)
    content = {
        "verb": "score",
        "as_of": list(as_ofs),
        "formula_digest": _digest(asdict(rule)),
        "segments_digest": _digest(msgspec.to_builtins(segmentation)),
        "model_digest": _digest(asdict(compiled) if compiled else None),
        "model_version": forecasts.version if forecasts else None,
        "buckets": len(store.buckets),
        **store_content(store),
    }
    ranges = write_parts(store, computation, content, Path(folder), run, progress)
    return {as_of: _sum(ScoreTotals(**totals[as_of]) for totals in ranges) for as_of in as_ofs}


def files_of(path: Path, as_of: str) -> list[Path]:
    """Return the files with the scores at a cutoff: the parts in a folder of them, else the one file itself."""
    return sorted(date_folder(path, as_of).glob("*/*.parquet")) if path.is_dir() else [path]


def write_score_file(
    store: EventStore,
    as_of: str,
    formula: Formula,
    path: str | Path,
    forecasts: Forecasts | None = None,
    segmentation: Segmentation | None = None,
    run: Runner = run_here,
    progress: Callable[[int], None] | None = None,
) -> ScoreTotals:
    """Write the file of `serving.batch.write_scores`, computed in parts; see `write_score_parts`.

    The parts are kept in a folder beside the file until it is written.
    """
    path = Path(path)
    with scratch_folder(path.parent, f".{path.name}.", ".parts") as scratch:
        parts = scratch / "parts"
        totals = write_score_parts(store, [as_of], formula, parts, forecasts, segmentation, run, progress)
        schema = score_schema(store, as_of, drop_unpriced_parts(store, formula), forecasts, segmentation)
        write_joined(store, date_folder(parts, as_of), path, schema, ROW_GROUP)
    return totals[as_of]


@dataclass(frozen=True)
class ScoreParts:
    """Computes and writes the scores of a range of customers.

    Attributes
    ----------
    cutoffs : dict of str to AsOf
        Each cutoff by its name in the folder.
    schemas : dict of str to pyarrow.Schema
        The schema of the rows at each.
    rule : Formula
        The parts of the formula that the log has data for.
    forecasts : CompiledForecasts, optional
    segmentation : Segmentation, optional
    """

    cutoffs: dict[str, AsOf]
    schemas: dict[str, pa.Schema]
    rule: Formula
    forecasts: CompiledForecasts | None
    segmentation: Segmentation | None

    def __call__(self, store: EventStore, customers: CustomerRange, folder: Path) -> Summary:
        """Write the rows at each cutoff, and return the totals."""
        forecaster = self.forecasts.of_table if self.forecasts else None
        totals, memory = {}, ReusedMemory()
        for name, cutoff in self.cutoffs.items():
            table = feature_rows(store, cutoff, customers.first, customers.last, memory)
            scores = scored_table(table, self.rule, forecaster, cutoff.day, self.segmentation)
            write_part(date_folder(folder, name), customers, score_rows(scores, self.schemas[name]), ROW_GROUP)
            totals[name] = _totals(scores)._asdict()
        return totals


def _totals(scores: pd.DataFrame) -> ScoreTotals:
    names = ("loyalty_score", "expected_purchases", "churn_probability")
    sums = [float(scores[name].sum()) if name in scores else 0.0 for name in names]
    return ScoreTotals(len(scores), int(scores["loyalty_score"].count()), *sums)


def _sum(totals: Iterable[ScoreTotals]) -> ScoreTotals:
    return ScoreTotals(*(sum(column) for column in zip(*totals, strict=True)))


def _digest(content: Mapping[str, Any] | None) -> str | None:
    """Return a digest of what JSON can hold, dates as text."""
    return None if content is None else sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()

"""`regulars score`: the rule score of a whole base."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.stores import AsOfDate, OutFile, Store, opened
from cli.terminal import progress, say, show

if TYPE_CHECKING:
    from features.rule import Formula


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def score(
        store: Store,
        as_of: AsOfDate,
        out: OutFile,
        formula: Annotated[
            Path | None,
            typer.Option(metavar="FILE", help="Your own formula.toml; without it the one that comes along."),
        ] = None,
    ) -> None:
        """Score every customer known at the date by the rule, and show how the base spreads over its bands.

        Examples:

        `regulars score store --as-of 2011-12-10 --out scores.parquet`

        `regulars score store --as-of 2011-12-10 --out scores.parquet --formula ours.toml`
        """
        from features.rule import load_formula
        from serving.scoring import write_scores

        rule = load_formula(formula)
        with opened(store) as events, progress("customers", events.n_customers) as step:
            summary = write_scores(events, as_of, rule, out, progress=step)
        _show_leaders(out, rule)
        _show_bands(summary.bands)
        if summary.left_out:
            say(f"left out for everyone, for the log has no amounts: {', '.join(summary.left_out)}")
        mean = "no score" if math.isnan(summary.mean_score) else f"mean score {summary.mean_score:.1f}"
        say(f"{summary.customers:,} customers at {as_of}, {mean}, formula version {rule.version} -> {out}")


def _show_leaders(scores: Path, rule: "Formula", rows: int = 5) -> None:
    """Show the most loyal customers of a file of scores, each with the points that every part brings."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = pq.ParquetFile(scores)
    points = {f"contribution_{part.name}": part.name for part in rule.parts}
    columns = [name for name in ("customer_id", "loyalty_score", *points) if name in file.schema_arrow.names]
    order = [("loyalty_score", "descending"), ("customer_id", "ascending")]
    top = file.schema_arrow.empty_table().select(columns)
    for batch in file.iter_batches(columns=columns):
        top = pa.concat_tables([top, pa.table(batch)])
        top = top.filter(pc.is_finite(top["loyalty_score"])).sort_by(order).slice(0, rows)
    if len(top):
        cells = [[_cell(value) for value in row.values()] for row in top.to_pylist()]
        show(
            "most loyal by the rule: the points of each part, - without data",
            [points.get(c, c) for c in columns],
            cells,
        )


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return value
    return "-" if value is None or math.isnan(value) else f"{value:.1f}"


def _show_bands(bands: Mapping[str, int]) -> None:
    """Show how many customers each band has."""
    total = sum(bands.values()) or 1
    rows = [[name, f"{count:,}", f"{count / total:.1%}"] for name, count in bands.items()]
    show("the base by band", ["band", "customers", "share"], rows)

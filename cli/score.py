"""`regulars score`: the rule and the champion over a whole base."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.fit import Home
from cli.options import AsOfDate, OutFile, Store, opened
from cli.terminal import progress, say, show
from features.as_of import AsOf

if TYPE_CHECKING:
    from features.loyalty.formula import Formula
    from features.store.event_store import EventStore
    from training.models.bundle import Card
    from training.models.customer_model import CustomerModel


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def score(
        store: Store,
        as_of: AsOfDate,
        out: OutFile,
        horizon_days: Annotated[
            int, typer.Option("--horizon-days", min=1, max=3650, help="How many days from the date on to forecast.")
        ] = 90,
        formula: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE", help="Your own formula.toml; else the champion's, else the one that comes along."
            ),
        ] = None,
        value_days: Annotated[
            int | None,
            typer.Option(min=1, max=1095, help="Add customer_value: currency expected in so many days, discounted."),
        ] = None,
        discount_rate: Annotated[float, typer.Option(min=0, max=10, help="Of customer_value, a year.")] = 0.10,
        rule_only: Annotated[bool, typer.Option("--rule-only", help="Leave the champion out.")] = False,
        home: Home = Path("var"),
    ) -> None:
        """Score every customer known at the date by the rule and, when there is one, by the champion.

        Without a champion the file has the rule alone, and the command says so.

        Examples:

        `regulars score store --as-of 2011-12-10 --horizon-days 90 --out scores.parquet`

        `regulars score store --as-of 2011-12-10 --out scores.parquet --value-days 1095`

        `regulars score store --as-of 2011-12-10 --out scores.parquet --rule-only --formula ours.toml`
        """
        from features.loyalty.formula import load_formula
        from serving.batch import Forecasts, write_scores

        champion, without = (None, None) if rule_only else _champion(home)
        forecasts = champion and Forecasts(*champion, horizon_days, value_days, discount_rate)
        rule = champion[0].formula if champion and formula is None else load_formula(formula)
        with opened(store) as events, progress("customers", events.n_customers) as step:
            if forecasts:
                _check_champion(forecasts.model.card, events, as_of)
            summary = write_scores(events, as_of, rule, out, forecasts, progress=step)
        _show_leaders(out, rule)
        _show_bands(summary.bands)
        if summary.left_out:
            say(f"left out for everyone, for the log has no amounts: {', '.join(summary.left_out)}")
        mean = "no score" if math.isnan(summary.mean_score) else f"mean score {summary.mean_score:.1f}"
        if forecasts:
            say(
                f"the next {horizon_days} days by champion version {forecasts.version}: "
                f"{summary.expected_purchases:,.0f} purchase days expected, "
                f"{summary.expected_to_stay_away:,.0f} customers expected to stay away"
            )
        if without:
            say(without)
        say(f"{summary.customers:,} customers at {as_of}, {mean}, formula version {rule.version} -> {out}")


def _champion(home: Path) -> "tuple[tuple[CustomerModel, str] | None, str | None]":
    """Return the champion and its version, or None and why there is none."""
    if not os.environ.get("MLFLOW_TRACKING_URI") and not (home / "mlflow.db").exists():
        return None, f"no model is registered in {home}, so the rule alone was scored: `regulars fit` makes one"
    from training.models.bundle import CHAMPION
    from training.registry.mlflow_client import open_tracking
    from training.registry.versions import load, version

    tracking = open_tracking(home)
    champion = version(tracking, CHAMPION)
    if champion is None:
        return None, f"no champion in {tracking.place}, so the rule alone was scored: `regulars promote` makes one"
    return (load(tracking, champion), str(champion.number)), None


def _check_champion(card: "Card", store: "EventStore", as_of: str) -> None:
    """Say where the champion may not be what these scores need."""

    if card.timezone != store.timezone:
        say(f"mind: the champion learnt days in {card.timezone}, the log's are in {store.timezone}")
    if AsOf.parse(as_of, store.timezone).day < AsOf.parse(card.as_of, store.timezone).day:
        say(f"mind: the champion learnt from events until {card.as_of}, so at {as_of} it knows what came after")


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

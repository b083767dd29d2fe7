"""`regulars score`: score all customers with the loyalty formula and the champion."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.champion import champion_in_use, warn_of_champion
from cli.settings import settings_with
from cli.terminal import echo, echo_table, progress_bar

if TYPE_CHECKING:
    import pandas as pd


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def score(
        store: options.Store,
        as_of: options.AsOfDate,
        out: options.OutFile,
        horizon_days: options.OptionalHorizonDays = None,
        formula: options.FormulaFile = None,
        value_days: Annotated[
            int | None,
            typer.Option(
                metavar="DAYS",
                min=1,
                max=1095,
                help="Add customer_value: the discounted spend expected in this many days.",
            ),
        ] = None,
        discount_rate: Annotated[
            float | None,
            typer.Option(
                metavar="RATE",
                min=0,
                max=10,
                help="The yearly discount rate of customer_value. Without it: 0.10, or as the settings file says.",
            ),
        ] = None,
        indices: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                callback=options.check_table_file,
                help="Also write the indices of the base: .parquet, .csv, .xlsx or .arrow.",
            ),
        ] = None,
        rule_only: Annotated[bool, typer.Option("--rule-only", help="Score by the rule only.")] = False,
        home: options.Home = options.DEFAULT_HOME,
    ) -> None:
        """Score every customer known at the cutoff by the rule and, if there is one, by the champion.

        Without a champion the file has the rule score only.

        Examples:

        `regulars score store --as-of 2011-12-10 --horizon-days 90 --out scores.parquet`

        `regulars score store --as-of 2011-12-10 --out scores.parquet --value-days 1095`

        `regulars score store --as-of 2011-12-10 --out scores.parquet --rule-only --formula ours.toml`
        """
        from features.segments.settings import segmentation_of_settings
        from serving.batch import Forecasts, write_scores
        from training.settings import ForecastSettings

        given = {"horizon_days": horizon_days, "value_days": value_days, "discount_rate": discount_rate}
        settings = settings_with("forecast", ForecastSettings, **given)
        champion, missing = (None, None) if rule_only else champion_in_use(home)
        forecasts = champion and Forecasts(
            *champion, settings.horizon_days, settings.value_days, settings.discount_rate
        )
        rule = options.formula_in_use(formula, champion[0].formula if champion else None)
        segmentation = segmentation_of_settings()
        with options.opened_store(store) as events, progress_bar("customers", events.n_customers) as advance:
            if forecasts:
                warn_of_champion(forecasts.model.card, events, as_of)
            summary = write_scores(events, as_of, rule, out, forecasts, segmentation, progress=advance)
            options.warn_of_date(events, as_of)
        _show_leaders(summary.leaders)
        _show_sizes("customers by band", "band", summary.bands)
        if summary.segments:
            _show_sizes("customers by RFM segment", "segment", summary.segments)
        _show_indices(summary.indices, indices)
        if summary.left_out:
            echo(f"left out for all customers, because the log has no amounts: {', '.join(summary.left_out)}")
        mean = "no score" if math.isnan(summary.mean_score) else f"mean score {summary.mean_score:.1f}"
        if forecasts:
            echo(
                f"expected in the next {settings.horizon_days} days by champion version {forecasts.version}: "
                f"{summary.expected_purchases:,.0f} purchase days, "
                f"{summary.expected_to_stay_away:,.0f} customers without a purchase"
            )
        if missing:
            echo(missing)
        echo(f"{summary.customers:,} customers at {as_of}, {mean}, formula version {rule.version} -> {out}")


def _show_leaders(leaders: "pd.DataFrame") -> None:
    """Print the customers with the highest loyalty scores, with the points of each part."""
    if len(leaders):
        echo_table(
            "highest loyalty scores, with the points of each part (-: no data)",
            ["customer_id", *(str(name).removeprefix("contribution_") for name in leaders)],
            [[_cell(value) for value in row] for row in leaders.reset_index().itertuples(index=False)],
        )


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return value
    return "-" if value is None or math.isnan(value) else f"{value:.1f}"


def _show_sizes(title: str, kind: str, sizes: Mapping[str, int]) -> None:
    """Print how many customers each band or segment has."""
    total = sum(sizes.values()) or 1
    rows = [[name, f"{count:,}", f"{count / total:.1%}"] for name, count in sizes.items()]
    echo_table(title, [kind, "customers", "share"], rows)


def _show_indices(indices: "pd.DataFrame", out: Path | None) -> None:
    """Print the indices of the base, and write them to a file if there is one."""
    import pyarrow as pa

    from features.table_files import write_table

    values = [f"{name} {index:.3f} of {n:,}" for name, index, n, _ in indices.itertuples() if n]
    if values:
        echo(f"indices of the base (customers with a value): {', '.join(values)}")
    if out is not None:
        write_table(out, pa.Table.from_pandas(indices.rename_axis("name").reset_index(), preserve_index=False))

"""`regulars score`: score all customers with the loyalty formula and the champion."""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.champion import champion_in_use, warn_of_champion
from cli.engines import Engine, EngineOption, opened_runner
from cli.opened_store import opened_store
from cli.score_places import OutFileFolderOrTable, parts_until_loaded, table_of
from cli.settings import settings_with
from cli.terminal import Figure, echo, echo_table, progress_bar
from features.plurals import counted

if TYPE_CHECKING:
    import pandas as pd

    from serving.batch_forecasts import Forecasts
    from serving.batch_parts import ScoreTotals


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def score(
        store: options.Store,
        as_of: options.AsOfDates,
        out: OutFileFolderOrTable,
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
        engine: EngineOption = Engine.local,
        home: options.Home = options.DEFAULT_HOME,
    ) -> None:
        """Score every customer known at the cutoff by the rule and, if there is one, by the champion.

        Without a champion the file has the rule score only. A name without an ending is a folder of Parquet parts,
        `as_of=.../bucket=...`, for as many cutoffs as are given; an interrupted run goes on with those not done. In
        a table of PostgreSQL or SQLite the rows take the place of those of an earlier run in one transaction.

        Examples:

        `regulars score store --as-of 2011-12-10 --horizon-days 90 --out scores.parquet`

        `regulars score store --as-of 2011-12-10 --out scores.parquet --value-days 1095`

        `regulars score store --as-of 2011-12-10 --out scores.parquet --rule-only --formula ours.toml`

        `regulars score store --as-of 2011-11-10 --as-of 2011-12-10 --out scores --engine spark`

        `regulars score store --as-of 2011-12-10 --out "postgresql://writer@db.example/shop?table=scores"`
        """
        from features.scratch_folders import scratch_folder
        from features.segments.settings import segmentation_of_settings
        from serving.batch import write_scores
        from serving.batch_forecasts import Forecasts
        from serving.batch_parts import files_of, write_score_file, write_score_parts
        from serving.score_tables.table_writer import check_score_table, write_score_table
        from training.settings import ForecastSettings

        table, one = table_of(out), len(as_of) == 1
        if table is None and Path(out).suffix and not one:
            raise typer.BadParameter(f"{out} is one file, and there are {len(as_of)} cutoffs: name a folder")
        in_parts = engine is Engine.spark or (not one if table else not Path(out).suffix)
        if indices is not None and in_parts:
            raise typer.BadParameter("--indices is for one file on this machine: `regulars indices` has any dates")
        given = {"horizon_days": horizon_days, "value_days": value_days, "discount_rate": discount_rate}
        settings = settings_with("forecast", ForecastSettings, **given)
        champion, missing = (None, None) if rule_only else champion_in_use(home)
        forecasts = champion and Forecasts(
            *champion, settings.horizon_days, settings.value_days, settings.discount_rate
        )
        rule = options.formula_in_use(formula, champion[0].formula if champion else None)
        segmentation = segmentation_of_settings()
        with (
            opened_store(store) as events,
            opened_runner(engine) as run,
            progress_bar("customers", events.n_customers) as advance,
            ExitStack() as until_loaded,
        ):
            path = Path(out)
            if table:
                check_score_table(table)
            if table and in_parts:
                path = until_loaded.enter_context(parts_until_loaded(home, table))
            elif table:
                path = until_loaded.enter_context(scratch_folder()) / "scores.parquet"
            for cutoff in as_of:
                if forecasts:
                    warn_of_champion(forecasts.model.card, events, cutoff)
            if not path.suffix:
                totals = write_score_parts(events, as_of, rule, path, forecasts, segmentation, run, advance)
            elif in_parts:
                totals = {
                    as_of[0]: write_score_file(events, as_of[0], rule, path, forecasts, segmentation, run, advance)
                }
            else:
                summary = write_scores(events, as_of[0], rule, path, forecasts, segmentation, progress=advance)
            if table:
                write_score_table(table, [files_of(path, each) for each in as_of])
            options.warn_of_dates(events, *as_of)
        place = str(table or path)
        if in_parts:
            if missing:
                echo(missing)
            _show_totals(totals, forecasts, rule.version, place)
            return
        _show_leaders(summary.leaders, summary.tied, forecasts)
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
                f"{summary.expected_to_stay_away:,.0f} customers without a purchase",
                **{"horizon_days": settings.horizon_days, "model_version": forecasts.version},
                expected_purchases=summary.expected_purchases,
                expected_churn=summary.expected_to_stay_away,
            )
        if missing:
            echo(missing)
        echo(
            f"{counted(summary.customers, 'customer')} at {as_of[0]}, {mean}, formula version {rule.version} "
            f"-> {place}",
            **{"customers": summary.customers, "as_of": as_of[0], "mean_loyalty_score": summary.mean_score},
            out=place,
            formula_version=rule.version,
            tied_at_the_top=summary.tied,
        )


def _show_totals(
    totals: "Mapping[str, ScoreTotals]", forecasts: "Forecasts | None", formula_version: str, out: str
) -> None:
    """Print the totals at each cutoff, and where the scores are."""
    head = ["as_of", "customers", "mean score"]
    if forecasts:
        head += ["purchase days expected", "customers without a purchase expected"]
    rows = [
        [
            as_of,
            Figure(each.customers),
            Figure(each.mean_score, ".1f"),
            *([Figure(each.expected_purchases, ",.0f"), Figure(each.churn_probability, ",.0f")] if forecasts else ()),
        ]
        for as_of, each in totals.items()
    ]
    title = "scores at each cutoff"
    if forecasts:
        title += f", with what is expected in {forecasts.horizon_days} days by champion version {forecasts.version}"
    echo_table(title, head, rows)
    echo(f"{len(totals)} cutoff{'s' * (len(totals) > 1)}, formula version {formula_version} -> {out}", out=out)


HEADS = {"loyalty_score": "score", "expected_purchases": "expected", "churn_probability": "churn"}
FORMS = {"expected_purchases": ".2f", "churn_probability": ".1%"}


def _show_leaders(leaders: "pd.DataFrame", tied: int, forecasts: "Forecasts | None") -> None:
    """Print the customers with the highest loyalty scores: how many are tied, points of each part, the forecast."""
    if leaders.empty:
        return
    last = leaders["loyalty_score"].iloc[-1]
    shown = int((leaders["loyalty_score"] == last).sum())
    if tied > shown:
        echo(f"{tied:,} customers are tied at {last:.1f} points: of these the first {shown} by id are shown")
    columns = [str(name) for name in leaders]
    parts = [name for name in columns if name.startswith("contribution_")]
    known = [name for name in parts if leaders[name].notna().any()]
    names = ["loyalty_score", *(name for name in columns if name in FORMS), *known]
    if without := [name.removeprefix("contribution_") for name in parts if name not in known]:
        echo(f"the log has no data of them for {', '.join(without)}")
    echo_table(
        "highest loyalty scores, with the points of each part"
        + (f" and the forecast for {forecasts.horizon_days} days" if forecasts else ""),
        ["customer_id", *(HEADS.get(name, name.removeprefix("contribution_")) for name in names)],
        [
            [str(customer), *(Figure(value, FORMS.get(name, ".1f")) for name, value in zip(names, row, strict=True))]
            for customer, *row in leaders[names].itertuples()
        ],
    )


def _show_sizes(title: str, kind: str, sizes: Mapping[str, int]) -> None:
    """Print how many customers each band or segment has."""
    total = sum(sizes.values()) or 1
    rows = [[name, Figure(count), Figure(count / total, ".1%")] for name, count in sizes.items()]
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

"""`regulars backtest`: train before a date, forecast the days after it, and measure the forecast."""

from typing import Annotated

import typer

from cli.options import AsOfDate, FormulaFile, HorizonDays, OutFile, Quick, Store, formula_in_use, opened_store
from cli.tables import measure_table, segment_table
from cli.terminal import echo, progress_steps
from features.settings_file import read_settings


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def backtest(
        store: Store,
        as_of: AsOfDate,
        out: OutFile,
        horizon_days: HorizonDays,
        formula: FormulaFile = None,
        model: Annotated[
            str, typer.Option(metavar="NAME", help="The model of purchases, for instance standard or bg_nbd.")
        ] = "standard",
        quick: Quick = False,
    ) -> None:
        """Train on events before the cutoff, forecast the horizon, and measure the forecast against the log.

        The measures are printed if the log covers the whole horizon. The file has one row per customer:
        `customer_id, loyalty_score, expected_purchases, churn_probability`, then the expected purchases of every
        baseline.

        Example: `regulars backtest store --as-of 2011-06-10 --horizon-days 183 --out forecast.parquet`
        """
        import pyarrow as pa

        from features.table_files import write_table
        from training.backtest import backtest as run_backtest
        from training.settings import CandidateSettings, FitSettings, TrialSettings

        fit = read_settings("fit", FitSettings)
        rule = formula_in_use(formula)
        with opened_store(store) as events, progress_steps() as step:
            result = run_backtest(
                events,
                as_of,
                horizon_days,
                rule,
                model=model,
                baselines=read_settings("candidates", CandidateSettings).baselines,
                metrics=read_settings("trials", TrialSettings).metrics,
                settings=fit,
                quick=quick,
                progress=step,
            )
        write_table(out, pa.Table.from_pandas(result.table().reset_index(), preserve_index=False))
        customers = f"{len(result.features):,} customers with a purchase before {as_of}"
        if result.measures is None or result.by_segment is None:
            echo(f"{customers}; nothing to measure yet: the log ends before the {horizon_days} days do -> {out}")
            return
        measure_table(result.measures, f"{customers}, measured over the next {horizon_days} days")
        segment_table(result.by_segment, f"{model} by segment")
        echo(f"forecasts of the model and every baseline -> {out}")

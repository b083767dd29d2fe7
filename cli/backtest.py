"""`regulars backtest`: train before dates in the past, forecast the days after them, and measure the forecasts."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.opened_store import opened_store
from cli.tables import measure_table, segment_table, skill_table
from cli.terminal import echo, progress_steps
from cli.tracking import opened_tracking
from features.plurals import counted
from features.settings_file import read_settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from features.as_of import AsOfLike
    from features.store.event_store import EventStore
    from training.backtest import Backtest
    from training.models.customer_model import CustomerModel


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def backtest(
        store: options.Store,
        out: options.OutFile,
        horizon_days: Annotated[
            list[int],
            typer.Option(
                "--horizon-days",
                metavar="DAYS",
                min=1,
                max=3650,
                help="How many days from the cutoff on to forecast; repeat it for several horizons.",
            ),
        ],
        as_of: Annotated[
            list[str] | None,
            typer.Option(
                "--as-of",
                metavar="DATE",
                callback=options.check_dates,
                help="The cutoff, a date (its midnight). Only events before it are used. Repeat it for several dates.",
            ),
        ] = None,
        every: Annotated[
            str | None,
            typer.Option(
                metavar="DAYS",
                callback=options.check_optional_days,
                help="In place of --as-of: dates at this distance, like 30d, back from the last whose horizon is over.",
            ),
        ] = None,
        since: options.Since = None,
        until: Annotated[
            str | None,
            typer.Option(
                metavar="DATE",
                callback=options.check_date,
                help="The last date of --every. Without it: the last whose shortest horizon is over.",
            ),
        ] = None,
        formula: options.FormulaFile = None,
        model: Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                help="The model of purchases, for instance standard or bg_nbd. Without it: the candidate that "
                "`regulars fit` would choose at the date.",
            ),
        ] = None,
        version: Annotated[
            int | None,
            typer.Option(
                metavar="N", min=1, help="A registered version's own forecasts, at dates from the end of its data on."
            ),
        ] = None,
        measures: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                callback=options.check_table_file,
                help="Write the measures with 95 % intervals, a row for each date, horizon, forecast and metric.",
            ),
        ] = None,
        picture: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                callback=options.check_picture_file,
                help="Draw skill over time with intervals: .svg, .png or .pdf.",
            ),
        ] = None,
        home: options.Home = options.DEFAULT_HOME,
        quick: options.Quick = False,
    ) -> None:
        """Train on events before a date, forecast the horizon, and measure the forecasts against the log.

        Without --model it is the model that `regulars fit` would choose at the date, by trials before it. The measures
        are printed if the log covers the horizon. The file has one row per customer: `customer_id, loyalty_score,
        expected_purchases, churn_probability, low, high`, then the two forecasts of every baseline; of several dates
        or horizons `as_of` and `horizon_days` stand first.

        Examples:

        `regulars backtest store --as-of 2011-06-10 --horizon-days 183 --out forecast.parquet`

        `regulars backtest store --every 30d --horizon-days 30 --horizon-days 90 --out forecasts.parquet
        --measures measures.csv --picture skill.svg`

        `regulars backtest store --version 3 --as-of 2011-12-10 --horizon-days 30 --out forecast.parquet`
        """
        import pandas as pd
        import pyarrow as pa

        from features.table_files import write_table
        from training.backtest import backtests
        from training.settings import CandidateSettings, FitSettings, TrialSettings

        if bool(as_of) == bool(every):
            raise typer.BadParameter("give --as-of, once or more, or --every for dates at equal distances")
        if (since or until) and not every:
            raise typer.BadParameter("--since and --until limit the dates of --every: give --every too")
        if version is not None and model is not None:
            raise typer.BadParameter("--version takes a registered model, --model fits one: give one of them")
        registered = None if version is None else _registered(home, version)
        trials = read_settings("trials", TrialSettings)
        rule = options.formula_in_use(formula, registered.formula if registered else None)
        horizons = sorted(set(horizon_days))
        forecasts, measured, asked = [], [], []
        with opened_store(store) as events, progress_steps() as step:
            dates = sorted(set(as_of)) if as_of else _dates(events, every, horizons[0], since, until)
            several = len(dates) * len(horizons) > 1
            for done in backtests(
                events,
                dates,
                horizons,
                rule,
                model=registered or model,
                candidates=read_settings("candidates", CandidateSettings),
                settings=read_settings("fit", FitSettings),
                trials=trials,
                quick=quick,
                progress=step,
            ):
                forecasts.append(_forecast_rows(done, several))
                asked.append((done.as_of, done.horizon_days))
                if several or measures or picture:
                    step(f"intervals of the measures: {done.horizon_days} days from {done.as_of}")
                    measured.append(done.tidy_measures(trials.metrics))
            write_table(out, pa.concat_tables(forecasts, promote_options="permissive"))
        table = pd.concat(measured) if measured else pd.DataFrame()
        if version is not None and len(table):
            table.loc[table["model"] == "model", "recipe"] = f"version {version}"
        if measures is not None:
            write_table(measures, pa.Table.from_pandas(table, schema=_measure_schema(), preserve_index=False))
        if several:
            _show_over_time(table, asked)
        else:
            _show(done, f"version {version}" if version else done.model.card.model)
        if picture is not None:
            _draw(table, picture)
        files = [str(file) for file in (out, measures, picture if len(table) else None) if file]
        echo(f"forecasts of the model and every baseline -> {', '.join(files)}")


def _registered(home: Path, number: int) -> "CustomerModel":
    """Return the model of a registered version; raises TrackingError when there is none."""
    from features.errors import TrackingError
    from training.registry.versions import load, version

    tracking = opened_tracking(home, read_only=True)
    chosen = version(tracking, number)
    if chosen is None:
        raise TrackingError(f"no version {number} is registered in {tracking.place}: see `regulars versions`")
    return load(tracking, chosen)


def _dates(
    store: "EventStore", every: str | None, horizon_days: int, since: str | None, until: str | None
) -> "list[AsOfLike]":
    from training.windows import backtest_dates

    return [*backtest_dates(store, options.days_of(every or ""), horizon_days, since, until)]


def _forecast_rows(done: "Backtest", several: bool) -> "pa.Table":
    """Return the forecasts as rows of the file; of several dates or horizons with these in front."""
    import pyarrow as pa

    rows = done.table().reset_index()
    if several:
        rows.insert(0, "as_of", date.fromisoformat(done.as_of))
        rows.insert(1, "horizon_days", done.horizon_days)
    return pa.Table.from_pandas(rows, preserve_index=False)


def _measure_schema() -> "pa.Schema":
    import pyarrow as pa

    types = {"date": pa.date32(), "horizon_days": pa.int64(), "customers": pa.int64()}
    types |= {name: pa.string() for name in ("model", "recipe", "metric")}
    return pa.schema([*types.items(), *((name, pa.float64()) for name in ("value", "low", "high"))])


def _show(done: "Backtest", name: str) -> None:
    """Print the measures of one date and horizon."""
    customers = f"{counted(len(done.features), 'customer')} with a purchase before {done.as_of}"
    if done.measures is None or done.by_segment is None:
        echo(f"{customers}; nothing to measure yet: the log ends before the {done.horizon_days} days do")
        return
    measure_table(done.measures, f"{customers}, measured over the next {done.horizon_days} days")
    segment_table(done.by_segment, f"{name} by segment")


def _show_over_time(table: "pd.DataFrame", asked: list[tuple[str, int]]) -> None:
    """Print skill at each date and horizon, and which horizons are not over."""
    over = {(str(day), days) for day, days in zip(table["date"], table["horizon_days"], strict=True)}
    if over:
        skill_table(table)
    for day, days in asked:
        if (day, days) not in over:
            echo(f"nothing to measure yet: the log ends before the {days} days from {day} do")


def _draw(table: "pd.DataFrame", file: Path) -> None:
    """Write the picture of skill over time."""
    from features.atomic_file import atomic_write
    from training.evaluation.plots import save_plot, skill_plot

    if table.empty:
        echo(f"no picture in {file}: no horizon is over, so there is no skill to draw")
        return
    with atomic_write(file) as part:
        save_plot(skill_plot(table), part, file.suffix.lower())

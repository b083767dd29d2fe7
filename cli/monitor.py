"""`regulars monitor`: whether what the model says still happens, and what to do."""

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.opened_store import opened_store
from cli.options import DEFAULT_HOME, check_date
from cli.settings import settings_with
from cli.terminal import Figure, echo, echo_table, progress_steps
from cli.tracking import ExistingHome
from features.plurals import counted
from features.settings_file import read_settings

if TYPE_CHECKING:
    from monitoring.challenger import ChallengerComparison
    from monitoring.logged_forecasts import LoggedForecasts
    from monitoring.monitor import Look
    from monitoring.settings import MonitorSettings
    from serving.forecast_log.pseudonyms import PseudonymKeys

SHOWN = 8


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def monitor(
        store: options.Store,
        as_of: Annotated[
            str | None,
            typer.Option(
                metavar="DATE", callback=check_date, help="The moment of looking. Without it: the end of the log."
            ),
        ] = None,
        horizon_days: Annotated[
            list[int] | None,
            typer.Option(
                metavar="N",
                min=1,
                max=3650,
                help="A horizon to measure; repeatable. Without it: 28 and those of the champion.",
            ),
        ] = None,
        false_alarm_rate: Annotated[
            float | None,
            typer.Option(
                metavar="SHARE",
                min=0.001,
                max=0.5,
                help="The chance of a false alarm: at each look for the intake and for the columns, over two years of "
                "weekly looks for the forecasts. Without it: 0.05.",
            ),
        ] = None,
        forecast_log: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR",
                exists=True,
                file_okay=False,
                help="The forecast log of the service: watch what it really forecast, by all versions.",
            ),
        ] = None,
        forecast_log_keys: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR",
                exists=True,
                file_okay=False,
                help="The keys of its pseudonyms. Without it: as the settings file says, else DIR-keys beside the log.",
            ),
        ] = None,
        home: ExistingHome = DEFAULT_HOME,
        out: Annotated[
            Path | None, typer.Option(metavar="DIR", file_okay=False, help="Folder for monitor.html and monitor.json.")
        ] = None,
    ) -> None:
        """Compare what came in and what the champion forecast with what happened, and recommend what to do.

        Exit codes: 0 nothing to do, 3 recalibrate, 4 refit, 5 look at the intake; 1 failed, 2 wrong arguments. Options
        that are not given are those of [monitor] in the settings file.

        Examples:

        `regulars monitor store --out monitor`

        `regulars monitor store --as-of 2011-09-10 --horizon-days 28`

        `regulars monitor store --forecast-log forecast-log`
        """
        from cli.champion import champion_in_use
        from monitoring.look_file import write_look
        from monitoring.look_page import write_look_page
        from monitoring.monitor import look_at
        from monitoring.recommendation import EXIT_CODES
        from monitoring.settings import MonitorSettings

        settled = read_settings("monitor", MonitorSettings)
        if forecast_log_keys is not None and forecast_log is None and settled.forecast_log is None:
            raise typer.BadParameter("--forecast-log-keys are those of a forecast log: name it with --forecast-log")
        given = {"false_alarm_rate": false_alarm_rate, "forecast_log": forecast_log, "out": out}
        given["forecast_log_keys"] = forecast_log_keys
        settings = settings_with("monitor", MonitorSettings, horizons=tuple(horizon_days or ()) or None, **given)
        options.check_writable(settings.out and settings.out / "monitor.json")  # that of the settings file too
        champion, missing = champion_in_use(home)
        out, log = settings.out, _log(settings)
        with opened_store(store) as events, progress_steps() as step:
            look = look_at(
                events,
                champion,
                as_of,
                forecast_log=log,
                horizons=settings.horizons,
                budget=settings.false_alarm_rate,
                progress=step,
            )
        if out is not None:
            write_look(out / "monitor.json", look)
            write_look_page(out / "monitor.html", look)
        if missing:
            looked_at = "the intake and the columns" if log is None else "the intake, the columns and the forecast log"
            echo(f"there is no champion, so only {looked_at} are looked at")
        _show(look)
        action = look.recommendation.action
        for reason in look.recommendation.reasons:
            echo(f"- {reason}")
        if look.challenger is not None:
            _show_challenger(look.challenger)
        echo(
            f"{look.as_of.date}: {action}" + (f" -> {out / 'monitor.json'}" if out is not None else ""),
            as_of=str(look.as_of.date),
            recommendation=str(action),
            reasons=list(look.recommendation.reasons),
        )
        if EXIT_CODES[action]:
            raise typer.Exit(EXIT_CODES[action])


def _show(look: "Look") -> None:
    """Print what was found, each part in a table that fits 80 columns."""
    from monitoring.recommendation import Action

    alarms = look.intake.alarms
    if len(alarms):
        rows = [
            [row["what"], row["event_type"], Figure(row["usual"], ".4g"), Figure(row["last"], ".4g")]
            for row in alarms.head(SHOWN).to_dict("records")
        ]
        echo_table("the intake of the last week differs", ["figure", "event type", "usual", "last week"], rows)
    elif look.intake.table.empty:
        echo("intake: too few events or weeks to say what is usual")
    else:
        echo(f"intake: {len(look.intake.table)} figures of the last week are as usual")
    if look.columns is None:
        echo("columns: the log is too short to say how they usually move")
    elif len(look.columns.alarms):
        rows = [
            [row["column"], row["size"], Figure(row["moved"], ".1%")]
            for row in look.columns.alarms.head(SHOWN).to_dict("records")
        ]
        echo_table("columns that moved otherwise than before", ["column", "change", "customers"], rows)
    else:
        echo(f"columns: {len(look.columns.table)} moved in the last 28 days as in earlier ones")
    if look.logged is not None:
        _show_log(look.logged)
    if look.weekly is not None and look.weekly.path is not None:
        weeks = look.weekly.table[~look.weekly.table["reference"]].tail(SHOWN)
        rows = [
            [row["from"], Figure(row["forecast"], ",.0f"), Figure(row["purchases"]), Figure(row["deviation"], "+.0%")]
            for row in weeks.to_dict("records")
        ]
        before = "the weeks before the fit" if look.logged is None else "the first logged weeks"
        reference = "the same weeks of last year" if look.weekly.seasonal else before
        whose = f"of version {look.version}" if look.logged is None else "as logged"
        echo_table(
            f"7-day forecasts {whose}, beside {reference}",
            ["week from", "forecast", "purchases", "deviation"],
            rows,
        )
    if look.matured is not None:
        _show_windows(look)
    if look.recommendation.action is not Action.NOTHING:
        echo("recommended:")


def _log(monitor: "MonitorSettings") -> tuple[Path, "PseudonymKeys"] | None:
    """Return the forecast log and its keys, which without a name of their own are those that the service uses."""
    from serving.forecast_log.pseudonyms import PseudonymKeys
    from serving.runtime.settings import ServeSettings

    if monitor.forecast_log is None:
        return None
    service = replace(read_settings("serve", ServeSettings), forecast_log=monitor.forecast_log)
    return monitor.forecast_log, PseudonymKeys(monitor.forecast_log_keys or service.keys_folder)


def _show_log(logged: "LoggedForecasts") -> None:
    for name, count in sorted(logged.missing.items()):
        echo(f"the key {name} is not held: {counted(count, 'logged forecast')} under it cannot be matched")
    if logged.strangers:
        echo(f"{counted(logged.strangers, 'logged forecast')} of customers who are not in the store")
    rows = [
        [
            row["version"],
            row["role"],
            row["from"],
            row["until"],
            Figure(row["forecast"], ",.0f"),
            Figure(row["purchases"]),
        ]
        for row in logged.versions.head(SHOWN).to_dict("records")
    ]
    if rows:
        echo_table("logged 7-day forecasts", ["version", "role", "from", "until", "forecast", "purchases"], rows)


def _show_challenger(beside: "ChallengerComparison") -> None:
    rows = [
        [
            f"{row['measure'].replace('_', ' ')}, {row['horizon_days']} days",
            Figure(row["weeks"]),
            Figure(row["champion"], ".4f"),
            Figure(row["challenger"], ".4f"),
            "unknown" if math.isnan(row["low"]) else f"{row['low']:+.4f} to {row['high']:+.4f}",
        ]
        for row in beside.table.to_dict("records")
        if row["weeks"]
    ]
    if rows:
        heads = ["loss", "weeks", f"version {beside.champion}", f"version {beside.version}", "difference"]
        echo_table(f"version {beside.version} {beside.role} since {beside.since}", heads, rows)
    echo(beside.reason)


def _show_windows(look: "Look") -> None:
    assert look.matured is not None
    measures = look.matured.measures
    if len(measures):
        whole = measures[measures["segment"] == "all"].groupby("horizon_days").head(2)
        rows = [
            [
                f"{row['horizon_days']} from {row['cutoff']}{'*' if row['before_fit'] else ''}",
                Figure(row["deviance"], ".3f"),
                Figure(row["log_loss"], ".3f"),
                Figure(row["bias"], "+.0%"),
                Figure(row["calibration_error"], ".3f"),
            ]
            for row in whole.to_dict("records")
        ]
        echo_table("windows that are over", ["days", "deviance", "log loss", "bias", "calibration"], rows)
        if whole["before_fit"].any():
            echo(f"* begins before the fit at {look.fitted}, which knew some of its outcomes: no test of the model")
    for row in look.matured.estimates.to_dict("records"):
        if math.isfinite(row["log_loss"]):
            known = f"about {row['log_loss']:.3f} ({row['low']:.3f} to {row['high']:.3f})"
        else:
            known = "unknown until more windows since the fit are over"
        echo(f"log loss of the next {row['horizon_days']} days: {known}")

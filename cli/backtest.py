"""`regulars backtest`: learn from before a date only, forecast what follows, and say how good that was."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsOfDate, OutFile, Store, opened
from cli.terminal import say, show, steps

if TYPE_CHECKING:
    import pandas as pd

HIGHER_IS_BETTER = ["spearman", "gini", "auc"]
OF_COUNTS = ("deviance", "rmse", "spearman", "gini", "bias", "coverage")
OF_CHURN = ("log_loss", "brier", "auc", "calibration")
SHORT = {"days_since_last_purchase": "days since last"}


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def backtest(
        store: Store,
        as_of: AsOfDate,
        out: OutFile,
        horizon_days: Annotated[
            int, typer.Option("--horizon-days", min=1, max=3650, help="How many days from the date on to forecast.")
        ],
        formula: Annotated[
            Path | None, typer.Option(help="Your own formula.toml; else the one that comes along.")
        ] = None,
        quick: Annotated[bool, typer.Option("--quick", help="Learn from fewer customers.")] = False,
    ) -> None:
        """Learn from events before the date only, forecast the horizon, and measure it when the log reaches its end.

        The file has a row a customer: `customer_id, loyalty_score, expected_purchases, churn_probability`, then the
        expected purchases of every baseline.

        Example: `regulars backtest store --as-of 2011-06-10 --horizon-days 183 --out forecast.parquet`
        """
        from features.atomic_file import atomic_write
        from features.loyalty.formula import load_formula
        from training.backtest import backtest as forecast

        rule = load_formula(formula)
        with opened(store) as events, steps() as step:
            result = forecast(events, as_of, horizon_days, rule, quick=quick, progress=step)
        with atomic_write(out) as part:
            result.table().reset_index().to_parquet(part, index=False)
        customers = f"{len(result.features):,} customers who had bought before {as_of}"
        if result.measures is None:
            say(f"{customers}; the log ends before the {horizon_days} days do, so nothing can be measured yet -> {out}")
            return
        measure_table(result.measures, f"{customers}, and the {horizon_days} days after")
        say(f"forecasts of the model and every baseline -> {out}")


def measure_table(measures: "pd.DataFrame", title: str) -> None:
    """Print a row a forecast, counts first, then churn, the best of each measure marked."""
    ranked = measures.copy()
    ranked["bias"] = measures["bias"].abs()
    ranked["coverage"] = (measures["coverage"] - 0.9).abs()
    higher = ranked.columns.isin(HIGHER_IS_BETTER)
    best = {
        name: ranked[name].idxmax() if up else ranked[name].idxmin() for name, up in zip(ranked, higher, strict=True)
    }

    def cell(forecast: str, measure: str) -> str:
        value = float(measures.at[forecast, measure])  # type: ignore[arg-type]  # every column is of floats
        if value != value:
            return "- "
        text = f"{value:+.1%}" if measure == "bias" else f"{value:.1%}" if measure == "coverage" else f"{value:.3f}"
        return f"{text}*" if best[measure] == forecast else f"{text} "

    say(title)
    for what, shown in (("how many purchases", OF_COUNTS), ("who stays away", OF_CHURN)):
        rows = [[SHORT.get(str(f), str(f)), *(cell(str(f), name) for name in shown)] for f in measures.index]
        show(what, ["forecast", *(name.replace("_", " ") for name in shown)], rows)
    say("* the best; lower is better but for spearman, gini and auc; bias is best at 0, coverage at 90 %")

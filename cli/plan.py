"""`regulars plan`: visits and incentives of a week, under capacity and budget, with the reps' files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import options
from cli.champion import champion_in_use, warn_of_champion
from cli.customers_file import take_customers_file
from cli.opened_store import opened_store
from cli.terminal import echo, progress_steps

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from features.as_of import AsOf
    from features.loyalty.formula import Formula
    from features.store.event_store import EventStore
    from planning.catalogue.actions import Catalogue
    from planning.options.forecasts import Forecasts
    from training.models.customer_model import CustomerModel


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def plan(
        context: typer.Context,
        store: options.Store,
        out: Annotated[
            Path,
            typer.Option(
                "--out", metavar="PLAN", callback=options.check_writable, help="The plan folder to make; a new one."
            ),
        ],
        week: Annotated[
            str | None,
            typer.Option(
                metavar="WEEK",
                callback=options.check_week,
                help="The ISO week, like 2026-W48. Without it: the first that begins at the cutoff or later.",
            ),
        ] = None,
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                metavar="DATE",
                callback=options.check_date,
                help="The cutoff: only what was known before it is used. Without it: the day after the log's last.",
            ),
        ] = None,
        catalogue: Annotated[
            str,
            typer.Option(metavar="FILE", help="The catalogue of actions: a TOML file, or retail, travel or finance."),
        ] = "retail",
        customers: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                exists=True,
                dir_okay=False,
                help="Take this file into the store's customers' table first, as `regulars customers` does.",
            ),
        ] = None,
        plans: Annotated[
            Path | None,
            typer.Option(
                metavar="DIR",
                file_okay=False,
                exists=True,
                help="The folder of earlier plans: whom they contacted, held out or skipped. Without it: PLAN's.",
            ),
        ] = None,
        budget: Annotated[
            float | None, typer.Option(metavar="AMOUNT", min=0, help="Instead of the catalogue's budget.")
        ] = None,
        by_rule: Annotated[
            bool,
            typer.Option(
                "--by-rule",
                help="Make offers by the band of the loyalty score, as --rules says, instead of by what they bring.",
            ),
        ] = False,
        rules: Annotated[
            Path | None,
            typer.Option(
                metavar="FILE",
                exists=True,
                dir_okay=False,
                help="Offers by band, like planning/catalogue/incentives.toml: for --by-rule, and to compare with.",
            ),
        ] = None,
        scenario: Annotated[
            str | None,
            typer.Option(
                metavar="NAME",
                help="The table of --rules to take. Without it: the preset named by --catalogue, or retail.",
            ),
        ] = None,
        again: Annotated[
            Path | None,
            typer.Option(
                metavar="PLAN",
                exists=True,
                file_okay=False,
                help="Make this plan again, from its manifest: its week, cutoff, catalogue and seed.",
            ),
        ] = None,
        seed: Annotated[int, typer.Option(metavar="N", min=0, help="Another seed draws another hold-out.")] = 0,
        language: Annotated[
            Literal["en", "zh"], typer.Option(help="The language of the pages and of these lines.")
        ] = "en",
        formula: options.FormulaFile = None,
        home: options.Home = options.DEFAULT_HOME,
    ) -> None:
        """Plan the visits and incentives of a week: what to do for whom, within hours, contacts and budget.

        PLAN gets `plan.parquet` and `manifest.json`, which never change, `plan.html` for the manager, `crm.csv`, and in
        `reps/` a workbook, a page and a calendar for each rep. A share of the chosen customers is left alone at random,
        so that `regulars effects` can show what the plan changed.

        Examples:

        `regulars plan store --out plans/w48 --week 2026-W48`

        `regulars plan store --out plans/w48 --week 2026-W48 --catalogue actions.toml --budget 2000`

        `regulars plan store --out plans/w48 --week 2026-W48 --by-rule --scenario travel`
        """
        from features.as_of import AsOf
        from features.engines.feature_table import feature_table
        from features.errors import PlanError
        from planning.allocation.limits import with_budget
        from planning.catalogue.catalogue_file import PRESETS, load_catalogue
        from planning.effects.posterior_effects import posterior_effects
        from planning.files.outputs import CRM, PAGE, REPS, write_files
        from planning.files.plan_summary import sentences
        from planning.manifest import catalogue_of, changed_inputs, plan_digests
        from planning.options.earlier_plans import read_earlier_plans
        from planning.plan import Inputs, make_plan
        from planning.plan_folder import Plan, read_plan, refuse_existing, write_plan
        from planning.weeks import check_week, week_from
        from training.targets import log_end

        former = None
        if again is not None:
            options.refuse_given(
                context, ("week", "as_of", "catalogue", "budget", "seed", "by_rule", "rules", "scenario")
            )
            former = read_plan(again).manifest
        refuse_existing(out)
        if by_rule:
            options.refuse_given(context, ("catalogue",), "--by-rule", "makes the offers of --rules and --scenario")
        champion, _ = champion_in_use(home)
        rule = options.formula_in_use(formula, champion[0].formula if champion else None)
        actions = load_catalogue(catalogue)
        asked = by_rule or rules is not None or scenario is not None
        offers = _offers(rule, scenario or (catalogue if catalogue in PRESETS else "retail"), rules, asked=asked)
        if by_rule and offers is not None:
            actions, offers = offers, None
        actions = with_budget(actions, budget)
        if former is not None:
            week, as_of, seed = str(former["week"]), str(former["as_of"]), int(former["seed"])
            actions, by_rule = catalogue_of(former["catalogue"]), bool(former.get("by_rule"))
            offers = catalogue_of(former["rules"]) if former.get("rules") else None
        with opened_store(store) as events, progress_steps() as step:
            cutoff = log_end(events) if as_of is None else AsOf.parse(as_of, events.timezone)
            week = week or week_from(cutoff.date)
            check_week(week, cutoff.date, actions.working_days)
            step("features")
            features = feature_table(events, cutoff)
            step("forecasts")
            forecasts = _forecasts(events, cutoff, features, actions.horizon_days, champion)
            folders = _earlier_plans(plans, out, again)
            earlier = _known_plans(folders, cutoff, events.timezone, former)
            earlier_plans = read_earlier_plans(earlier, cutoff, week, events.timezone)
            past = [read_plan(each) for each in earlier]
            effects = posterior_effects(events, past, actions, cutoff)
            step("plan")
            known, later = _customers(store, customers, cutoff, folders)
            if former is not None:
                later = former.get("later_opt_outs", {})
            digests = plan_digests(past, earlier_plans, known)
            settings = (seed, later, offers, by_rule)
            inputs = Inputs(*(events, cutoff, week, actions, rule, known, earlier_plans, effects, digests, *settings))
            new_plan = make_plan(inputs, features, forecasts)
            if former is not None and (changed := changed_inputs(former, new_plan.manifest)):
                raise PlanError(
                    f"{again} cannot be made again, and nothing is written: what it was made from has changed since "
                    f"({', '.join(changed)}); put that back, or plan the week without --again"
                )
            step("files")
            reps: list[str] = []

            def write_all(folder: Path, written: Plan) -> None:
                reps.extend(write_files(folder, written, earlier_plans.replaced, language))

            write_plan(out, new_plan, write_all)
            if former is not None and read_plan(out).manifest["plan_digest"] != former["plan_digest"]:
                raise PlanError(
                    f"{out} has other rows than {again}, from equal inputs: another version of Regulars or of a "
                    "library made it; both are there to compare"
                )
            options.warn_of_dates(events, str(cutoff.date))
        for texts in (*sentences(new_plan.manifest), *new_plan.manifest["warnings"]):
            echo(texts[language == "zh"])
        whose = "1 rep" if len(reps) == 1 else f"{len(reps):,} reps"
        if reps:
            echo(f"files of {whose} in {out / REPS}, all rows for a CRM in {out / CRM}")
        elif len(new_plan.assigned):
            echo(f"no row takes a rep's time; all rows for a CRM in {out / CRM}")
        echo(f"-> {out / PAGE}")


def _forecasts(
    store: "EventStore",
    cutoff: "AsOf",
    features: "pd.DataFrame",
    horizon_days: int,
    champion: "tuple[CustomerModel, str] | None",
) -> "Forecasts":
    """Return the champion's forecasts, or those of models fitted on the spot."""
    from planning.options.forecasts import champion_forecasts, fitted_forecasts

    if champion is None:
        return fitted_forecasts(features, horizon_days)
    champion[0].card.require_rating_scale(store.rating_maximum)
    warn_of_champion(champion[0].card, store, str(cutoff.date))
    return champion_forecasts(*champion, features, cutoff.day, horizon_days)


def _offers(formula: "Formula", scenario: str, file: Path | None, *, asked: bool) -> "Catalogue | None":
    """Return incentives by rule; None where nobody asked for them and the formula has bands of its own."""
    from features.errors import CatalogueError
    from planning.catalogue.incentive_rules import load_incentive_rules

    try:
        return load_incentive_rules(formula, scenario, file)
    except CatalogueError:
        if asked:
            raise
        return None


def _known_plans(folders: list[Path], cutoff: "AsOf", timezone: str, former: "Mapping[str, Any] | None") -> list[Path]:
    """Return the folders of plans known at the cutoff; where a former plan is given, of those that it knew."""
    from features.as_of import AsOf
    from planning.plan_folder import read_plan

    manifests = {each: read_plan(each).manifest for each in folders}
    if former is not None:
        return [each for each in folders if manifests[each]["plan_id"] in former["digests"]["plans"]]
    return [each for each in folders if AsOf.parse(manifests[each]["as_of"], timezone).time <= cutoff.time]


def _customers(
    store: str, file: Path | None, cutoff: "AsOf", folders: list[Path]
) -> "tuple[pd.DataFrame | None, dict[str, list[str]]]":
    """Return the customers' table of a store at a cutoff, after a file has gone into it, and later opt-outs.

    The table is None where there is none; records of earlier plans may hold opt-outs too.
    """
    from features.store.event_store import is_store
    from planning.customers.known_customers import customers_at
    from planning.options.later_opt_outs import later_opt_outs

    if not is_store(store):
        if file is not None:
            raise typer.BadParameter(
                f"{store} is no event store: `regulars ingest` makes one", param_hint="--customers"
            )
        return None, later_opt_outs(None, None, folders, cutoff)
    if file is not None:
        take_customers_file(Path(store), file)
    known = customers_at(store, cutoff)
    return known, later_opt_outs(known, customers_at(store, None), folders, cutoff)


def _earlier_plans(plans: Path | None, out: Path, again: Path | None) -> list[Path]:
    """Return the earlier plan folders, without the one that is made again."""
    from planning.plan_folder import plan_folders

    folder = plans or out.absolute().parent
    earlier = plan_folders(folder) if plans or folder.is_dir() else []
    return [plan for plan in earlier if again is None or plan.resolve() != again.resolve()]

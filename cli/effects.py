"""`regulars effects`: what past plans changed, beside customers left alone at random."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import options
from cli.opened_store import opened_store
from cli.terminal import echo, echo_table, progress_steps
from features.plurals import counted


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    def effects(
        store: options.Store,
        plans: Annotated[
            Path,
            typer.Option("--plans", metavar="DIR", exists=True, file_okay=False, help="The folder of plan folders."),
        ],
        out: Annotated[
            Path,
            typer.Option(metavar="DIR", file_okay=False, help="Folder for the page, the workbook and the JSON file."),
        ],
        horizon_days: Annotated[
            int | None,
            typer.Option(
                min=1,
                max=3650,
                metavar="N",
                help="Days from each plan's week on in which outcomes count. Without it: as the last plan says.",
            ),
        ] = None,
        what_if: Annotated[
            Path | None,
            typer.Option(
                "--what-if",
                metavar="PLAN",
                exists=True,
                file_okay=False,
                help="What another plan of a week in --plans would have brought: made with the same --as-of, outside "
                "--plans. At least half of its customers must have the same action in both.",
            ),
        ] = None,
        language: Annotated[
            Literal["en", "zh"], typer.Option(help="The language of the page and of these lines.")
        ] = "en",
    ) -> None:
        """Show what past plans changed: satisfaction, loyalty, purchases, value of a purchase and lifetime.

        The planned customers are compared with those who were chosen like them and left alone at random. DIR gets
        `effects.html`, `effects.xlsx` and `effects.json`.

        Examples:

        `regulars effects store --plans plans --out effects`

        `regulars effects store --plans plans --out effects --horizon-days 60 --language zh`

        `regulars effects store --plans plans --out effects --what-if tried/w48-budget-1400`
        """
        from planning.effects.comparable_plans import check_other_plan
        from planning.effects.decisions import latest_records
        from planning.effects.effects_of_plans import effects_of_plans
        from planning.files.effect_words import (
            DIGITS,
            MEASURE_WORDS,
            SHORT_MEASURE_WORDS,
            headline,
            interval_words,
            mean_words,
            number_words,
            other_plan_words,
            share_words,
            verdict_words,
        )
        from planning.files.effects_page import write_effects_page
        from planning.files.effects_tables import write_effects_json, write_effects_workbook
        from planning.plan_folder import plan_folders, read_plan
        from planning.plans_in_force import plans_in_force

        folders = plan_folders(plans)
        all_plans = [read_plan(folder) for folder in folders]
        in_force = plans_in_force(all_plans)
        other = None if what_if is None else read_plan(what_if)
        if other is not None and in_force:
            check_other_plan(in_force, other)
        days = horizon_days or (int(in_force[-1].manifest.get("horizon_days", 90)) if in_force else 90)
        with opened_store(store) as events, progress_steps() as step:
            records = latest_records(folders)
            results = effects_of_plans(events, in_force, days, records=records, other=other, progress=step)
        out.mkdir(parents=True, exist_ok=True)
        write_effects_page(out / "effects.html", results, language)
        write_effects_workbook(out / "effects.xlsx", results)
        write_effects_json(out / "effects.json", results)
        side = int(language == "zh")
        rows, verdicts = [], []
        for measure in results.measures:
            effect, digits = measure.effect, DIGITS[measure.name]
            figures, share = ["–"] * 4, ""
            if effect is not None:
                means = [mean_words(value, digits) for value in (effect.mean_treated, effect.mean_control)]
                change = number_words(effect.estimate, digits, sign=True)
                figures, share = [*means, change, interval_words(effect, digits)[side]], share_words(effect)
            rows.append([SHORT_MEASURE_WORDS[measure.name][side], *figures])
            of_mean = f" ({share})" if share else ""
            verdicts.append(f"{MEASURE_WORDS[measure.name][side]}{of_mean}: {verdict_words(measure)[side]}")
        heads = (
            ["measure", "planned", "left alone", "change", "interval"],
            ["指标", "计划内", "留白", "变化", "区间"],
        )
        echo(headline(results.measures)[side])
        echo_table("", heads[side], rows)
        for line in verdicts:
            echo(line)
        n_over = int(results.plans["over"].sum())
        echo(
            (f"plans that are over: {n_over} of {len(in_force)}", f"已结束的计划：{len(in_force)} 份中 {n_over} 份")[
                side
            ]
        )
        for words in other_plan_words(results.other) if results.other else ():
            echo(words[side])
        if left_out := len(all_plans) - len(in_force):
            echo(
                (
                    f"plans left out, since another replaces them or they are copies: {left_out}",
                    f"已被替换或重复、未计入的计划：{left_out}",
                )[side]
            )
        if results.not_drawn:
            one = results.not_drawn == 1
            of_plans = "of a plan that left nobody alone is" if one else "of plans that left nobody alone are"
            echo(
                (
                    f"{counted(results.not_drawn, 'row')} {of_plans} not compared",
                    f"{results.not_drawn:,} 行来自没有留白的计划，不参与比较",
                )[side]
            )
        echo(f"-> {out / 'effects.html'}")

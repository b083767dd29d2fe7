"""What a plan says of itself: the sentences in their order, with real numbers, in both languages."""

from typing import Any

from planning.files.plan_summary import PASSED_OVER, sentences
from planning.options.options_table import NOT_ELIGIBLE
from planning.options.options_table import PASSED_OVER as OPTION_REASONS


def limit(pool: str, unit: str, price: float, rep: str | None = None, capacity: float = 100) -> dict[str, Any]:
    return {"limit": pool, "pool": pool, "unit": unit, "rep": rep, "capacity": capacity, "used": 1.0, "price": price}


def manifest(**changes: Any) -> dict[str, Any]:
    counts = {"incentive": 640, "phone": 380, "face_to_face": 214}
    value = {"rows": 1234, "counts": counts, "expected": 3900.0, "low": 1900.0, "high": 5800.0, "cost": 1250.0}
    base = {
        "week": "2026-W48",
        "catalogue": {"currency": "EUR"},
        "value": {**value, "guessed": False},
        "limits": [
            *[
                limit("minutes", "minutes", 0.85, "R07"),
                limit("calls", "contacts", 1.5),
                limit("emails", "contacts", 0),
            ],
            limit("budget", "currency", 4.9),
        ],
        "gap": 0.00004,
        "over_budget": 0.0,
        "holdout": {"chosen": 1543, "control": 309, "minimum_detectable_lift": 0.19},
        "passed_over": {"opted_out": 120, "contacted_recently": 97, "without_rep": 95},
    }
    return {**base, **changes}


def english(**changes: Any) -> list[str]:
    return [text for text, _ in sentences(manifest(**changes))]


def test_the_sentences_in_order() -> None:
    """Outcome, limits, prices, gap, hold-out, passed over."""
    assert english() == [
        "214 visits, 380 calls, 640 offers for week 2026-W48; expected +3,900 EUR in margin after 1,250 of cost "
        "(80 % interval +1,900 to +5,800).",
        "The budget, the calls and R07's hours are used up; the e-mails are not.",
        "100 more of the budget would bring 490; one more of the calls is worth 1.50; one more hour of R07's is worth "
        "51.",
        "No other choice within these limits is expected to bring more than 0.01 % more.",
        "1 in 5 of those chosen is left alone at random (309). With that this plan can show a lift of purchases of "
        "19 % or more; four such weeks with different customers, 10 %.",
        "312 customers were passed over: 120 opted out, 97 contacted too recently, 95 without a rep.",
    ]


def test_a_plan_of_nothing_is_said_in_words() -> None:
    """And nothing is said of limits or of what it can show."""
    value = {"rows": 0, "counts": {}, "expected": 0.0, "low": 0.0, "high": 0.0, "cost": 0.0, "guessed": False}
    found = english(
        value=value, holdout={"chosen": 0, "control": 0, "minimum_detectable_lift": None}, passed_over={"opted_out": 1}
    )
    assert found[0].startswith(
        "Nothing is planned for week 2026-W48: no action is expected to bring more than it costs."
    )
    assert found[1:] == ["1 customer was passed over: 1 opted out."]


def test_many_reps_are_counted() -> None:
    """Three names and how many more, but never one more."""
    four = [limit("minutes", "minutes", 0.1 * number, f"R{number}") for number in range(1, 5)]
    assert english(limits=four)[1] == "The hours of R4, R3, R2 and R1 are used up."
    limits = [limit("minutes", "minutes", 0.1 * number, f"R{number}") for number in range(1, 7)]
    found = english(limits=limits)
    assert found[1] == "The hours of R6, R5, R4 and 3 more reps are used up."
    assert found[2] == "One more hour of R6's is worth 36."
    assert english(limits=[limit("budget", "currency", 0)])[1] == "The budget is not used up."


def test_what_cannot_be_shown_is_said() -> None:
    """Without a hold-out, and where nothing can be predicted."""
    assert "cannot show" in english(holdout={"chosen": 5, "control": 0, "minimum_detectable_lift": None})[4]
    assert english(holdout={"chosen": 4, "control": 2, "minimum_detectable_lift": None})[4] == (
        "1 in 2 of those chosen is left alone at random (2)."
    )


def test_guesses_and_risk_are_named() -> None:
    """When effects are guesses, and when redemptions may cost more than the budget."""
    found = english(value={**manifest()["value"], "guessed": True}, over_budget=0.123, exploration=["P1"])
    assert found[1].startswith("The effects are guesses")
    assert "The chance that redemptions cost more than the budget is 12 %." in found
    assert "1 of those passed over was drawn at random to learn what actions do for such customers." in found
    held = {**manifest()["holdout"], "exploration_done": 2}
    explored = english(exploration=["P1", "P2", "P3"], holdout=held)
    assert (
        "3 of those passed over were drawn at random to learn what actions do for such customers: "
        "2 are among the actions above, 1 is left alone."
    ) in explored


def test_observed_effects_are_named() -> None:
    """And that the others are still guesses."""
    observed = {"phone": {}, "coupon_5": {}}
    assert (
        english(posterior_effects=observed)[1] == "The effects of phone and coupon 5 follow outcomes of earlier plans."
    )
    both = english(posterior_effects=observed, value={**manifest()["value"], "guessed": True})
    assert both[1].endswith("earlier plans; the others are guesses of the catalogue.")


def test_every_reason_has_words() -> None:
    """Those of options, and those of the allocation."""
    assert {*OPTION_REASONS, NOT_ELIGIBLE, "does_not_pay", "no_room"} == set(PASSED_OVER)


def test_chinese_has_the_same_figures() -> None:
    """Each sentence has a translation that is not English."""
    for text, chinese in sentences(manifest()):
        assert any("一" <= letter <= "鿿" for letter in chinese), text
    assert "3,900" in sentences(manifest())[0][1]


def test_four_weeks_show_less_than_half_the_lift_where_it_widens_the_spread() -> None:
    """As the plan has it; half of a week's for plans that do not say."""
    holdout = {"chosen": 100, "control": 20, "minimum_detectable_lift": 1.5}
    assert "with different customers, 75 %." in english(holdout=holdout)[4]
    assert "with different customers, 60 %." in english(holdout={**holdout, "of_four_weeks": 0.6})[4]

import pytest

from planning.causal_inference.randomised_effect import Effect
from planning.effects.five_measures import MEASURES, Measure
from planning.files.effect_words import change_words, headline, interval_words, mean_words, verdict_words

UP = Effect(0.11, 0.02, 0.05, 0.17, 400, 100, 1.42, 1.31)


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        (Measure("purchases", UP, "open", 420, 3), "cannot tell yet: about 420 more left alone, or 3 more weeks like"),
        (Measure("purchases", UP, "open", 420, 1), "or 1 more week like these"),
        (Measure("purchases", UP, "up"), "up, beyond chance"),
        (Measure("purchases", UP, "down"), "better left alone"),
        (Measure("purchases", UP, "too_small", minimum_detectable=0.25), "these customers show one of 0.250 or more"),
        (Measure("purchases", None, "too_few"), "too few customers"),
        (Measure("loyalty", None, "not_comparable", asked_planned=0.18, asked_control=0.04), "18 % of the planned"),
        (Measure("purchase_value", None, "not_comparable"), "too few bought"),
        (Measure("lifetime", None, "not_comparable"), "too few bought twice to forecast a lifetime"),
    ],
)
def test_each_verdict_has_words(measure, said):
    """Every verdict is said in English with its numbers, and in Chinese with the same."""
    english, chinese = verdict_words(measure)
    assert said in english
    assert any("一" <= c <= "鿿" for c in chinese)
    assert all(number in chinese for number in ("420", "18 %", "0.250") if number in english)


def test_the_headline_names_what_changed():
    """Measures that are up or down are named; without any, it says so."""
    open_ones = [Measure(name, UP, "open", 1, 1) for name in MEASURES]
    assert headline(open_ones)[0].startswith("None of the five measures")
    english, chinese = headline([Measure("purchases", UP, "up"), Measure("loyalty", UP, "down"), *open_ones])
    assert english == "Up: purchases a customer. Down: loyalty (rating)."
    assert chinese == "上升：每位客户的购买次数；下降：忠诚度（评分）。"


def test_numbers_have_signs_and_true_minuses():
    """A change has its sign and share; an interval without ends says that nothing is excluded."""
    down = Effect(-0.5, 1, float("-inf"), float("inf"), 9, 9, -0.5, 0.0)
    assert change_words(UP, 2) == "+0.11 (+8 %)"
    assert change_words(down, 1) == "−0.5"
    assert interval_words(UP, 2) == ("+0.05 to +0.17", "+0.05 至 +0.17")
    assert interval_words(down, 2)[0] == "– (nothing is excluded)"
    assert mean_words(float("nan"), 2) == "–"

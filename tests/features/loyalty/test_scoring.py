"""The rule score: its laws, equality of both ways to it, parts left out, single parts and input tables."""

import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import FormulaError
from features.loyalty.formula import Band, Formula, Part, load_formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.loyalty.scoring_one import score_one
from features.store.event_store import EventStore
from tests.features.logs import KIND, Event, Log, shelved

RULE = load_formula()
BANDS = (Band("bronze", 0), Band("silver", 40), Band("gold", 70))

# Whole counts as features have them, and every float a caller could bring.
values = st.one_of(
    st.none(), st.integers(0, 60).map(float), st.floats(allow_nan=True, allow_infinity=True), st.just(-0.0)
)
rows = st.fixed_dictionaries(dict.fromkeys(RULE.columns, values))
known_rows = st.fixed_dictionaries(dict.fromkeys(RULE.columns, st.floats(0, 2000)))
weights = st.one_of(st.just(0.0), st.floats(1e-6, 1e6))


def make(*parts: Part) -> Formula:
    return Formula(version="test", reason="a test", date=date(2026, 1, 1), parts=parts, bands=BANDS)


@st.composite
def formulas(draw: st.DrawFn) -> Formula:
    parts = [
        Part(
            f"p{i}",
            column,
            draw(st.floats(1e-3, 1e6)),
            draw(weights),
            draw(st.sampled_from([None, "usage_count"])),
        )
        for i, column in enumerate(draw(st.lists(st.sampled_from(RULE.columns), min_size=1, max_size=6)))
    ]
    parts.append(replace(parts[0], name="last", weight=draw(st.floats(1e-6, 1e6))))
    return make(*parts)


def frame(rows: Sequence[Mapping[str, float | None]]) -> pd.DataFrame:
    index = pd.Index([f"c{i}" for i in range(len(rows))], name="customer_id")
    return pd.DataFrame(rows, index=index, columns=list(RULE.columns), dtype="float64")


def bits(value: Any) -> Any:
    """A float as its bytes, all NaN alike; anything else as it is."""
    if not isinstance(value, float):
        return value
    return "null" if math.isnan(value) else struct.pack("<d", value)


def score_row(row: Mapping[str, float | None], formula: Formula) -> dict[str, float | str | None]:
    """The columns of `score` from `score_one`, its None as NaN but for the band."""
    one = score_one(row, formula)
    return {
        "loyalty_score": known(one.loyalty_score),
        "coverage": one.coverage,
        "band": one.band,
        **{f"part_{name}": known(p) for name, p in one.parts.items()},
        **{f"contribution_{name}": known(each) for name, each in one.contributions.items()},
    }


def known(value: float | None) -> float:
    return math.nan if value is None else value


def points(row: Mapping[str, float | None], formula: Formula = RULE) -> float:
    found = score_row(row, formula)["loyalty_score"]
    assert isinstance(found, float)
    return found


EMPTY: dict[str, float | None] = dict.fromkeys(RULE.columns, 0.0)


def test_a_score_worked_by_hand() -> None:
    """6 of 12 purchases (4), 250 of 1000 spent (3) and 3 of 6 visits (1): (2 + 0.75 + 0.5) / 8 of 100."""
    row = EMPTY | {"net_purchase_days_365": 6, "net_spend_365": 250, "visits_365": 3, "visit_count": 9}
    found = score_row(row, RULE)
    assert found == pytest.approx(
        {
            "loyalty_score": 40.625,
            "coverage": 0.8,
            "band": "silver",
            "part_purchases": 0.5,
            "part_amount": 0.25,
            "part_usage": math.nan,
            "part_feedback": math.nan,
            "part_visits": 0.5,
            "contribution_purchases": 25.0,
            "contribution_amount": 9.375,
            "contribution_usage": math.nan,
            "contribution_feedback": math.nan,
            "contribution_visits": 6.25,
        },
        nan_ok=True,
    )


# Laws of the score


@given(rows, formulas())
def test_score_stays_in_range(row: dict[str, float | None], formula: Formula) -> None:
    """The score is in 0..100, parts and coverage in 0..1; there is a score just where a weight has data."""
    found = score_row(row, formula)
    coverage, total = found["coverage"], points(row, formula)
    assert isinstance(coverage, float)
    assert 0 <= coverage <= 1
    assert 0 <= total <= 100 if coverage > 0 else math.isnan(total)
    assert (found["band"] is None) == (coverage == 0)
    for part in formula.parts:
        p = found[f"part_{part.name}"]
        assert isinstance(p, float)
        assert math.isnan(p) or 0 <= p <= 1


@settings(deadline=None)
@given(st.lists(rows, max_size=12), formulas())
def test_both_ways_are_equal_to_the_last_bit(many: list[dict[str, float | None]], formula: Formula) -> None:
    """score and score_one give the same numbers, the same nulls and the same bits."""
    table = score(frame(many), formula)
    for i, row in enumerate(many):
        one = score_row(row, formula)
        assert list(one) == list(table.columns)
        in_table = {name: table[name].iloc[i] for name in table}
        if one["band"] is None:
            assert pd.isna(in_table.pop("band"))
            del one["band"]
        assert {name: bits(float(v) if name != "band" else v) for name, v in in_table.items()} == {
            name: bits(v) for name, v in one.items()
        }


@given(rows, formulas())
def test_contributions_add_up(row: dict[str, float | None], formula: Formula) -> None:
    """The contributions of the parts with data sum to the score, and a part left out has none."""
    found = score_row(row, formula)
    total, added = points(row, formula), 0.0
    for part in formula.parts:
        contribution, p = found[f"contribution_{part.name}"], found[f"part_{part.name}"]
        assert isinstance(contribution, float)
        assert isinstance(p, float)
        assert math.isnan(contribution) == (math.isnan(p) or math.isnan(total))
        added += 0.0 if math.isnan(contribution) else contribution
    assert math.isnan(total) or added == pytest.approx(total, abs=1e-9)


@given(known_rows, st.integers(0, 30), st.floats(0, 1e5))
def test_score_never_falls_when_a_purchase_is_added(row: dict[str, float | None], days: int, spent: float) -> None:
    """More purchase days and more spend never lower the score, not by one bit, nor the band."""
    more = row | {
        "net_purchase_days_365": (row["net_purchase_days_365"] or 0.0) + days,
        "net_spend_365": (row["net_spend_365"] or 0.0) + spent,
    }
    assert points(more) >= points(row)
    order = [band.name for band in RULE.bands]
    assert order.index(str(score_row(more, RULE)["band"])) >= order.index(str(score_row(row, RULE)["band"]))


@given(known_rows, st.integers(0, 30))
def test_score_never_falls_when_the_amount_is_unknown(row: dict[str, float | None], days: int) -> None:
    """While the amount is unknown, more purchase days never lower the score."""
    row = row | {"net_spend_365": None}
    assert points(row | {"net_purchase_days_365": (row["net_purchase_days_365"] or 0.0) + days}) >= points(row)


@given(rows, formulas(), st.floats(1e-3, 1e3))
def test_scaling_all_weights_changes_nothing(row: dict[str, float | None], formula: Formula, by: float) -> None:
    """Only the ratio of the weights matters."""
    scaled = replace(formula, parts=tuple(replace(part, weight=part.weight * by) for part in formula.parts))
    before, after = score_row(row, formula), score_row(row, scaled)
    del before["band"], after["band"]
    assert after == pytest.approx(before, nan_ok=True, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(many: list[dict[str, float | None]], random: Any) -> None:
    """Each customer's scores are the same wherever the customer stands in the table."""
    features = frame(many)
    shuffled = list(features.index)
    random.shuffle(shuffled)
    pd.testing.assert_frame_equal(
        score(features.loc[shuffled], RULE), score(features, RULE).loc[shuffled], check_exact=True
    )


@given(rows, formulas())
def test_a_part_without_weight_changes_no_score(row: dict[str, float | None], formula: Formula) -> None:
    """Weight 0 switches a part off."""
    off = replace(formula, parts=(*formula.parts, Part("off", "usage_365", 1, 0)))
    assert bits(points(row, off)) == bits(points(row, formula))


# Parts left out


@pytest.mark.parametrize("no_data", [0.0, None, math.nan])
def test_part_is_left_out_where_its_data_column_is_empty(no_data: float | None) -> None:
    """A customer never visited is scored on the other parts, and coverage says so."""
    row = EMPTY | {"net_purchase_days_365": 12, "net_spend_365": 1000, "visits_365": 0, "visit_count": no_data}
    found = score_row(row, RULE)
    assert found["loyalty_score"] == 100
    assert found["coverage"] == 0.7
    assert math.isnan(float(found["part_visits"] or 0))


def test_part_with_data_but_none_in_the_window_scores_zero() -> None:
    """A customer visited, but not in the window, has 0 for visits, not no visits part."""
    row = EMPTY | {"net_purchase_days_365": 12, "net_spend_365": 1000, "visits_365": 0, "visit_count": 1}
    assert score_row(row, RULE)["loyalty_score"] == 87.5


def test_unknown_amount_leaves_the_amount_out() -> None:
    """A null spend is left out of both sums."""
    found = score_row(EMPTY | {"net_purchase_days_365": 6, "net_spend_365": None}, RULE)
    assert (found["loyalty_score"], found["coverage"]) == (50, 0.4)


def test_who_bought_nothing_scores_zero() -> None:
    """Without purchases and without any other data the score is 0 of 70 % coverage, in the lowest band."""
    found = score_row(EMPTY, RULE)
    assert (found["loyalty_score"], found["coverage"], found["band"]) == (0, 0.7, "bronze")


def test_no_part_no_score() -> None:
    """Without any part there is no score and no band, rather than 0."""
    nothing = frame([dict.fromkeys(RULE.columns)])
    found = score(nothing, RULE)
    assert found.drop(columns="coverage").isna().all(axis=None)
    assert found["coverage"].tolist() == [0]


def test_negative_spend_scores_zero() -> None:
    """More given back than bought is 0, not below."""
    assert score_row(EMPTY | {"net_spend_365": -50}, RULE)["loyalty_score"] == 0


def test_empty_table_gives_empty_scores() -> None:
    """No customers, no rows, the same columns."""
    assert list(score(frame([]), RULE)) == list(score_row(EMPTY, RULE))


def test_a_score_on_the_threshold_is_in_the_band_despite_rounding() -> None:
    """950 of 1000 spent, 1 of 4 feedbacks, 3 of 6 visits: 3.6 / 9 = 40 % on paper is silver in both ways."""
    row = EMPTY | {
        "net_spend_365": 950,
        "feedback_365": 1,
        "feedback_count": 1,
        "visits_365": 3,
        "visit_count": 1,
    }
    assert 0 < 40 - points(row) < 1e-9
    assert score_row(row, RULE)["band"] == score(frame([row]), RULE)["band"].iloc[0] == "silver"


def test_bands_are_ordered() -> None:
    """Bands compare: gold is above silver."""
    features = frame([EMPTY | {"net_purchase_days_365": d, "net_spend_365": 1000 * d / 12} for d in (4, 5, 9)])
    found = score(features, RULE)["band"]
    assert found.tolist() == ["bronze", "silver", "gold"]
    assert found.max() == "gold"


# One part


@given(rows)
def test_single_behaviour_score_is_its_part(row: dict[str, float | None]) -> None:
    """With one part the weight cancels and the score is 100 P."""
    for part in RULE.parts:
        whole, alone = score_row(row, RULE), score_row(row, RULE.only(part.name))
        p = whole[f"part_{part.name}"]
        assert isinstance(p, float)
        assert bits(alone["loyalty_score"]) == bits(100 * p)


def test_only_keeps_apart_from_the_whole_rule() -> None:
    """The version of a single-behaviour score names the part; a part switched off can stand alone."""
    assert RULE.only("amount").version == f"{RULE.version}:amount"
    off = make(Part("a", "usage_365", 1, 0), Part("b", "usage_365", 1, 1))
    assert off.only("a").part("a").weight == 1


def test_unknown_part_is_named() -> None:
    """An unknown part is answered with the known ones."""
    with pytest.raises(FormulaError, match="'rating', expected one of purchases, amount, usage, feedback, visits"):
        RULE.only("rating")


# Input tables


def test_missing_columns_are_named() -> None:
    """All absent columns are named in one line, by both ways."""
    expected = re.escape("features: found no net_spend_365, visit_count, expected for the formula's parts")
    with pytest.raises(FormulaError, match=expected):
        score(frame([EMPTY]).drop(columns=["net_spend_365", "visit_count"]), RULE)
    with pytest.raises(FormulaError, match=expected):
        score_row({k: v for k, v in EMPTY.items() if k not in ("net_spend_365", "visit_count")}, RULE)


def test_text_column_is_refused() -> None:
    """A column of words is named with what it is."""
    with pytest.raises(FormulaError, match=r"features\.net_spend_365: found .*, expected numbers"):
        score(frame([EMPTY]).assign(net_spend_365="much"), RULE)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "Float64", "object"])
def test_other_number_types_score_the_same(dtype: Any) -> None:
    """Integers, nullable numbers and Python objects give the scores of floats."""
    features = frame([EMPTY | {"net_purchase_days_365": 7, "net_spend_365": 300}])
    pd.testing.assert_frame_equal(score(features.astype(dtype), RULE), score(features, RULE))


def test_nullable_nulls_are_left_out() -> None:
    """pd.NA means null."""
    features = frame([EMPTY | {"net_purchase_days_365": 6}]).astype("Float64")
    features.loc["c0", "net_spend_365"] = pd.NA
    assert score(features, RULE)["coverage"].tolist() == [0.4]


def log_of(*events: Event) -> EventStore:
    """A store of these events."""
    return shelved(Log(list(events), "UTC", date(2024, 6, 10)))


UNPRICED = Event("a", 0, KIND["purchase"])
PURCHASES = Part("purchases", "net_purchase_days_365", 12, 4)


def test_every_part_in_money_is_dropped_without_amounts() -> None:
    """Whether or not the part asks for data; parts in other units stay, in order, and so does the version."""
    formula = make(
        Part("basket", "basket_mean", 100, 1, data="purchase_count"),
        PURCHASES,
        Part("spend", "total_spend", 1000, 3),
        Part("share", "return_share", 1, 1, data="return_count"),
    )
    found = drop_unpriced_parts(log_of(UNPRICED), formula)
    assert [part.name for part in found.parts] == ["purchases", "share"]
    assert replace(found, parts=formula.parts) == formula


def test_one_amount_in_the_log_keeps_all_parts() -> None:
    """Also an amount of nothing, or one returned."""
    formula = make(PURCHASES, Part("spend", "total_spend", 1000, 3))
    for event in (UNPRICED._replace(cents=0), Event("b", 0, KIND["return"], cents=5)):
        assert drop_unpriced_parts(log_of(UNPRICED, event), formula) is formula


def test_a_formula_that_scores_nothing_without_amounts_is_refused() -> None:
    """No part is left, or none that has a weight."""
    money = Part("spend", "total_spend", 1000, 3)
    for formula in (make(money), make(money, replace(PURCHASES, weight=0))):
        with pytest.raises(FormulaError, match="the log has no amounts, and the formula scores nothing else"):
            drop_unpriced_parts(log_of(UNPRICED), formula)


def test_a_formula_of_unknown_columns_is_refused_with_the_nearest() -> None:
    """Whether a part's value or its data is misspelt, and with a hint where the columns are listed."""
    with pytest.raises(FormulaError, match=r"'spend_356', which is no feature: did you mean one of spend_365"):
        drop_unpriced_parts(log_of(UNPRICED), make(Part("amount", "spend_356", 1, 1)))
    with pytest.raises(FormulaError, match=r"'xyz', which is no feature: .*docs/columns\.md"):
        drop_unpriced_parts(log_of(UNPRICED), make(replace(PURCHASES, data="xyz")))


@pytest.mark.parametrize("weight", [0.69, 5.27, 10.54])
def test_a_full_score_is_100_though_its_weights_round(weight: float) -> None:
    """100 * 0.69 / 0.69 is 100.00000000000001 in floats; the score is 100 both ways."""
    assert 100.0 * weight / weight > 100
    formula = make(replace(PURCHASES, weight=weight))
    assert score_one({"net_purchase_days_365": 12.0}, formula).loyalty_score == 100
    assert score(pd.DataFrame({"net_purchase_days_365": [12.0]}), formula)["loyalty_score"].item() == 100

"""Any possible truth gives a world, an impossible one is refused."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.simulate import Action, Truth, expected_in, simulate

actions = st.builds(Action, st.just("phone"), st.floats(0, 13), st.floats(-1, 3))


@settings(max_examples=25, deadline=None)
@given(
    dropout=st.sampled_from(["bg", "mbg", "pareto", "none"]),
    r=st.floats(0.01, 20),
    alpha=st.floats(5, 1e4),
    a=st.floats(0.01, 50),
    s=st.floats(0.01, 50),
    season=st.lists(st.tuples(st.floats(-0.4, 0.4), st.floats(-400, 400)), max_size=2).map(tuple),
    visits=st.lists(actions, max_size=1).map(tuple),
    days=st.integers(1, 400),
    block=st.integers(1, 60),
)
def test_any_truth_gives_a_log(block: int, days: int, **parameters: object) -> None:
    """Parameters anywhere in their ranges give a log in its span and expectations in theirs."""
    truth = Truth(days=days, acquisition_days=max(1, days // 2), **parameters)  # type: ignore[arg-type]
    log, truth_table = simulate(truth, customers=30, block=block)
    assert log["event_type"].to_pylist().count("purchase") >= 30
    as_of = truth.start + datetime.timedelta(days=days)
    table = expected_in(truth_table, truth, as_of, 90)
    assert len(table) == 30
    assert table["churn_probability"].between(0, 1 + 1e-12).all()
    assert (table["expected_purchases"] >= 1 - table["churn_probability"] - 1e-9).all()
    assert (table["expected_purchases"] <= 90).all()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dropout": "weibull"}, "dropout"),
        ({"r": 0.0}, "r is 0.0"),
        ({"alpha": float("nan")}, "alpha"),
        ({"days": 10.5}, "days"),
        ({"acquisition_days": 5_000}, "acquisition_days"),
        ({"spend_q": 1.0}, "spend_q"),
        ({"return_share": 1.1}, "return_share"),
        ({"season": ((0.7, 1.0), (0.4, 1.0))}, "season"),
        ({"weekday": (1.0,)}, "weekday"),
        ({"visit_days": 29}, "visit_days"),
        ({"dropout_follows": 2.0}, "dropout_follows"),
        ({"visits": (Action("coupon", 1, 0),)}, "visits"),
        ({"visits": (Action("phone", 1, 0), Action("phone", 1, 0))}, "visits"),
        ({"visits": (Action("phone", 14, 0),)}, "visits"),
        ({"incentives": (Action("rate", 1, -2),)}, "incentives"),
        ({"incentives": (Action("rate", float("nan"), 0),)}, "incentives"),
        ({"usage_per_year": -1.0}, "usage_per_year"),
    ],
)
def test_impossible_truths_are_refused(change: dict[str, object], named: str) -> None:
    """A parameter out of range is refused with its name."""
    with pytest.raises(ValueError, match=named):
        Truth(**change)  # type: ignore[arg-type]

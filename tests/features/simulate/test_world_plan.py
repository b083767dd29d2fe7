"""A plan that cannot be done is refused with its first faulty row."""

import pandas as pd
import pytest

from features.errors import InvalidArgumentError
from features.simulate import World
from tests.features.simulate.worlds import QUIET

PLAN = pd.DataFrame(
    {"customer_id": ["C0000001", "C0000002"], "day": [30, 31], "event_type": "visit", "channel": "phone"}
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customer_id": ["C0000001", "C0000009"]}, "row 2 of the plan has customer_id 'C0000009'; expected C0000001"),
        ({"customer_id": ["x", None]}, "row 1 of the plan has customer_id 'x'"),
        ({"day": [19, 30]}, "row 1 of the plan has day 19; expected day 20 or later"),
        ({"day": ["2023-01-30", "2022-12-30"]}, "row 2 of the plan has day -2"),
        ({"channel": "letter"}, "channel 'letter'; expected one of the truth's: visit phone, incentive coupon"),
        ({"event_type": "incentive"}, "channel 'phone'"),
        ({"goal": "friendship"}, "goal 'friendship'; expected one of purchase_count"),
        ({"customer_id": "C0000001", "day": 30}, "row 2 .* expected one visit and one incentive"),
    ],
)
def test_an_impossible_row_is_named(change: dict[str, object], message: str) -> None:
    """The message names the row, what was found and what was expected."""
    world = World(QUIET, customers=8, seed=1)
    world.until(20)
    with pytest.raises(InvalidArgumentError, match=message):
        world.act(PLAN.assign(**change))


def test_a_missing_column_is_named() -> None:
    """Without a required column nothing is done."""
    with pytest.raises(InvalidArgumentError, match="no column 'channel'"):
        World(QUIET, customers=8).act(PLAN.drop(columns="channel"))


def test_words_of_the_plan_reach_the_log() -> None:
    """Days may be dates; goal, free content and plan_item are those of the plan."""
    world = World(QUIET, customers=8, seed=1)
    world.until(61)
    plan = PLAN.assign(day=pd.Timestamp("2023-03-10"), goal="loyalty", content="birthday", plan_item=["a", "b"])
    world.act(plan)
    log = world.until(90).to_pandas()
    visits = log[log["event_type"] == "visit"]
    assert visits["event_time"].dt.date.astype(str).tolist() == ["2023-03-10"] * 2
    assert visits[["goal", "content"]].drop_duplicates().to_numpy().tolist() == [["loyalty", "birthday"]]
    assert set(visits["plan_item"]) == {"a", "b"}

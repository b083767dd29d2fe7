"""What an action costs, and what does not fit together in one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from features.errors import CatalogueError
from features.schema import WORDS
from planning.catalogue.actions import Action, Catalogue, Pool, check_action, expected_cost

COUPON = Action("coupon", "incentive", "coupon", 0.1, 0.1, cost=0.5, face_value=5.0, uses=1, redemption=0.4)
VISIT = Action("visit", "visit", "face_to_face", 0.2, 0.2, minutes=60, pools=("hours",))
CATALOGUE = Catalogue(
    "1", "EUR", 0.3, 90, (Pool("hours", "minutes", 600, "rep"), Pool("budget", "currency", 10)), (VISIT,)
)


@given(st.floats(0, 50), st.floats(0, 1000), st.floats(0, 1), st.integers(1, 5))
def test_sure_buyers_cost_too(purchases: float, amount: float, share: float, uses: int) -> None:
    """The cost rises with the purchases that would be made anyway, up to the uses, never below the fixed cost."""
    action = replace(COUPON, face_share=share, uses=uses)
    counts = np.array([0.0, purchases, purchases + 1])
    cost = expected_cost(action, counts, amount)
    assert cost[0] == action.cost
    assert (np.diff(cost) >= -1e-9).all()
    assert cost.max() <= action.cost + action.redemption * uses * (5 + share * amount) + 1e-9
    assert np.allclose(
        expected_cost(replace(action, uses=None), counts, amount), 0.5 + 0.4 * counts * (5 + share * amount)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channel": "fone"}, "channel: unknown channel 'fone': "),
        ({"pools": ("hour",)}, "pools: unknown pool 'hour': did you mean 'hours'"),
        ({"goals": ("purchase_cont",)}, "goals: unknown goal 'purchase_cont': did you mean 'purchase_count'"),
        ({"minutes": 0.0}, "minutes is 0, though a pool of minutes is used"),
        ({"face_value": 2.0}, "a visit gives nothing away"),
        ({"acts_days": 91}, "acts_days is 91, more than horizon_days, 90"),
        ({"eligible": "frequancy > 1"}, "eligible: unknown name 'frequancy'; did you mean frequency"),
        ({"effect": float("nan")}, "infinite number or one that is none"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, object], message: str) -> None:
    """The message begins with the key."""
    from features.definitions import FEATURE_NAMES

    check_action(VISIT, CATALOGUE, WORDS, FEATURE_NAMES)
    with pytest.raises(CatalogueError, match=message):
        check_action(replace(VISIT, **change), CATALOGUE, WORDS, FEATURE_NAMES)


def test_an_offer_without_redemption_would_be_free() -> None:
    """A face value needs the share of purchases that redeem it."""
    with pytest.raises(CatalogueError, match="redemption is 0"):
        check_action(replace(COUPON, redemption=0.0), CATALOGUE, WORDS, ())


def test_actions_and_pools_are_found_by_name() -> None:
    """A misspelt name gets a suggestion."""
    assert CATALOGUE.action("visit") is VISIT
    assert CATALOGUE.pool("budget").unit == "currency"
    with pytest.raises(CatalogueError, match="did you mean 'visit'"):
        CATALOGUE.action("visits")
    with pytest.raises(CatalogueError, match="did you mean 'budget'"):
        CATALOGUE.pool("bugdet")

import pytest

from planning.effects_of_plans import effects_of_plans
from tests.planning.shops import plan_of, shop


@pytest.fixture(scope="session")
def effects_found(tmp_path_factory):
    """The effects of two plans of a shop, one action of which has a name to be careful with, and of a third to come."""
    store, plans, _ = shop(
        tmp_path_factory.mktemp("effects"), 900, effect=1.0, rounds=2, done=0.7, asked=(0.2, 0.05), seed=21
    )
    items = plans[0].items.assign(action=plans[0].items["action"].replace({"call": "=1+1<b>"}))
    late = plan_of(["C00001", "C00002"], [True, False], ["call", "call"], "2024-09-01", 9)
    return effects_of_plans(store, [type(plans[0])(items, plans[0].manifest), plans[1], late], 60)

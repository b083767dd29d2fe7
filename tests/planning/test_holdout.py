"""The hold-out is random, exact in its shares, fixed by the plan, and its probabilities are those it states."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray
from scipy import sparse

from planning.catalogue.catalogue_file import load_catalogue
from planning.holdout import STRATUM, draw_arms

RETAIL = load_catalogue("retail")


def plan(customers: int, seed: int = 0) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Options of up to three actions, of which about half of the customers' first is chosen."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 4, customers)
    names = np.array(["email", "phone", "visit"])
    action = np.concatenate([rng.permutation(names)[:count] for count in counts])
    ids = np.repeat([f"c{number:05}" for number in range(customers)], counts)
    options = pd.DataFrame({"customer_id": ids, "action": action, "value_expected": rng.gamma(1.0, 20.0, len(ids))})
    first = ~options["customer_id"].duplicated().to_numpy()
    return options, first & np.repeat(rng.random(customers) < 0.5, counts)


@given(st.integers(0, 1000), st.sampled_from([0.05, 0.1, 0.2, 0.3, 0.5]))
def test_the_share_is_exact_in_all_and_in_each_stratum(seed: int, share: float) -> None:
    """To one customer, wherever one looks in the order of value within an action."""
    options, chosen = plan(300, seed)
    drawn = draw_arms(options, chosen, f"plan-{seed}", replace(RETAIL, holdout_share=share))
    control = (drawn["arm"] == "leave").to_numpy()
    assert abs(control.sum() - share * len(drawn)) < 1
    rows = options.loc[drawn.index]
    order = np.lexsort((-rows["value_expected"], rows["action"]))
    for begin in range(0, len(order), STRATUM):
        stratum = control[order[begin : begin + STRATUM]]
        assert abs(stratum.sum() - share * len(stratum)) <= 1 + 1e-9
    assert np.allclose(drawn["propensity"], np.where(control, share, 1 - share))


@given(st.integers(0, 1000), st.randoms())
def test_row_order_changes_nothing_and_the_plan_decides(seed: int, random: object) -> None:
    """The same plan gives the same draw for each customer in any order of rows; another plan gives another one."""
    options, chosen = plan(200, seed)
    drawn = draw_arms(options, chosen, "plan-a", RETAIL)
    order = list(range(len(options)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = draw_arms(options.iloc[order], chosen[order], "plan-a", RETAIL)
    assert again.sort_index().equals(drawn.sort_index())
    other = draw_arms(options, chosen, "plan-b", RETAIL)
    assert (other["arm"] != drawn["arm"]).any()


@given(st.integers(0, 200), st.sampled_from([0.1, 0.2, 0.5]))
def test_a_second_plan_of_the_week_keeps_each_customers_arm(seed: int, share: float) -> None:
    """With the probability of the first draw, whatever share the second has; only the others are drawn."""
    options, chosen = plan(300, seed)
    first = draw_arms(options, chosen, "plan-a", replace(RETAIL, holdout_share=share))
    earlier = first.assign(customer_id=options["customer_id"]).set_index("customer_id")[["arm", "propensity"]]
    half = earlier.iloc[::2]
    second = draw_arms(options, chosen, "plan-b", RETAIL, earlier=half)
    names = options["customer_id"].loc[second.index]
    kept = second.assign(customer_id=names).set_index("customer_id").loc[half.index]
    assert (kept["arm"] == half["arm"]).all()
    assert np.allclose(kept["propensity"], half["propensity"])
    others = second[~names.isin(half.index)]
    assert abs((others["arm"] == "leave").sum() - 0.2 * len(others)) < 1
    for own, arm, shares in zip(second["propensity"], second["arm"], second["propensities"], strict=True):
        assert sum(shares) == pytest.approx(own if arm == "do" else 1 - own)


def test_each_customer_is_left_alone_with_the_stated_probability() -> None:
    """Over 500 plans each customer is left alone in a fifth, and no two together more often than by chance."""
    options, chosen = plan(120, 3)
    arms = [draw_arms(options, chosen, f"plan-{n}", RETAIL)["arm"].to_numpy() == "leave" for n in range(500)]
    control = np.array(arms, float)
    assert np.abs(control.mean(axis=0) - 0.2).max() < 4.5 * np.sqrt(0.16 / 500)
    together = np.corrcoef(control.T)[np.triu_indices(control.shape[1], 1)]
    assert abs(together.mean()) < 0.02
    assert np.abs(together).max() < 0.35


def limits(options: pd.DataFrame, free: float) -> tuple[sparse.csr_array, NDArray[np.float64]]:
    """Minutes of a visit and a call."""
    minutes = options["action"].map({"visit": 60.0, "phone": 15.0, "email": 0.0}).to_numpy()
    return sparse.csr_array(minutes[:, None]), np.array([free])


@given(st.integers(0, 300), st.floats(0, 2_000))
def test_those_drawn_to_learn_from_fit_what_is_free(seed: int, more: float) -> None:
    """Of customers who were not chosen, within the limits even if all were done, with propensity 1/2k."""
    options, chosen = plan(400, seed)
    usage, _ = limits(options, 0)
    capacity = np.asarray(usage[np.flatnonzero(chosen)].sum(axis=0)) + more
    drawn = draw_arms(options, chosen, f"p{seed}", replace(RETAIL, exploration_share=0.1), usage, capacity)
    explored = drawn[drawn["exploration"]]
    done = np.isin(np.arange(len(options)), drawn.index[(drawn["arm"] == "do") | drawn["exploration"]])
    assert usage[np.flatnonzero(done)].sum(axis=0)[0] <= capacity[0] + 1e-6
    assert len(explored) <= round(0.2 * chosen.sum())
    assert not set(options.loc[explored.index, "customer_id"]) & set(options.loc[chosen, "customer_id"])
    assert not options.loc[drawn.index, "customer_id"].duplicated().any()
    for propensity, eligible, each in zip(
        explored["propensity"], explored["eligible_actions"], explored["propensities"], strict=True
    ):
        assert propensity == 1 / (2 * len(eligible))
        assert each == [propensity] * len(eligible)
        assert propensity >= 0.02


def test_options_to_learn_from_are_drawn_evenly() -> None:
    """Over 100 plans with room for all, half are left alone, and each of a customer's options is as likely."""
    options, chosen = plan(300, 5)
    usage, capacity = limits(options, 1e9)
    catalogue = replace(RETAIL, exploration_share=0.1)
    drawn = [draw_arms(options, chosen, f"plan-{number}", catalogue, usage, capacity) for number in range(100)]
    explored = pd.concat([each[each["exploration"]] for each in drawn])
    assert len(explored) == 100 * round(0.2 * chosen.sum())
    assert (explored["arm"] == "leave").mean() == pytest.approx(0.5, abs=0.05)
    three = explored[[len(names) == 3 for names in explored["eligible_actions"]]]
    shares = options.loc[three.index, "action"].value_counts(normalize=True)
    assert np.abs(shares - 1 / 3).max() < 0.07


def test_the_propensities_of_all_eligible_actions_are_known() -> None:
    """A chosen customer's own action has one less the hold-out's share, the others nothing."""
    options, chosen = plan(50, 1)
    drawn = draw_arms(options, chosen, "p", RETAIL)
    for row, names, shares in zip(drawn.index, drawn["eligible_actions"], drawn["propensities"], strict=True):
        assert names == sorted(options.loc[options["customer_id"] == options.loc[row, "customer_id"], "action"])
        assert dict(zip(names, shares, strict=True))[options.loc[row, "action"]] == pytest.approx(0.8)
        assert sum(shares) == pytest.approx(0.8)
    assert len(draw_arms(options, np.zeros(len(options), bool), "p", RETAIL)) == 0
    whole = draw_arms(options, chosen, "p", replace(RETAIL, holdout_share=0.0))
    assert (whole["arm"] == "do").all()

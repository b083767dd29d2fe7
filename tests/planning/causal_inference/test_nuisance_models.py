import numpy as np
import pandas as pd
import pytest

from features.errors import TooLittleDataError
from planning.causal_inference.nuisance_models import balance, cross_fit, folds_of, overlap


def confounded(n, seed=0, effect=0.5):
    """Good customers are treated more often: outcome, group, features, true propensity, and both means."""
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    propensity = 1 / (1 + np.exp(-(x["a"].to_numpy() - 0.5)))
    treated = rng.random(n) < propensity
    mean_control = 1 + x["a"].to_numpy() + 0.5 * x["b"].to_numpy() ** 2
    return mean_control + effect * treated + rng.normal(size=n), treated, x, propensity, mean_control


def test_all_rows_of_a_customer_are_in_one_fold():
    """Folds are drawn by customer, have nearly equal sizes, and depend on the seed alone."""
    customers = np.repeat([f"c{k}" for k in range(103)], 3)
    folds = folds_of(customers)
    assert pd.Series(folds).groupby(customers).nunique().eq(1).all()
    assert np.ptp(np.bincount(folds[::3])) <= 1
    assert (folds_of(customers) == folds).all()
    assert (folds_of(customers, seed=1) != folds).any()


def test_no_row_is_predicted_by_a_model_that_has_seen_its_outcome():
    """Another outcome of one customer changes nothing that is predicted of this customer."""
    y, treated, x, _, _ = confounded(600)
    first = cross_fit(y, treated, x)
    other = y.copy()
    other[7] += 1000
    again = cross_fit(other, treated, x)
    same = folds_of(np.arange(600)) == folds_of(np.arange(600))[7]
    assert (first.mean_treated[same] == again.mean_treated[same]).all()
    assert (first.mean_control[same] == again.mean_control[same]).all()
    assert (first.mean_treated[~same] != again.mean_treated[~same]).any() or (
        first.mean_control[~same] != again.mean_control[~same]
    ).any()


def test_means_and_propensities_are_those_of_the_truth():
    """From 8,000 rows both means and the propensity follow the truth closely."""
    y, treated, x, propensity, mean_control = confounded(8000)
    found = cross_fit(y, treated, x)
    assert np.corrcoef(found.mean_control, mean_control)[0, 1] > 0.95
    assert np.corrcoef(found.propensity, propensity)[0, 1] > 0.95
    assert np.mean(found.mean_treated - found.mean_control) == pytest.approx(0.5, abs=0.1)


def test_the_mean_of_the_scores_is_right_if_one_model_is():
    """With true propensities and useless means, or the other way round, the scores' mean is the effect."""
    y, treated, x, propensity, mean_control = confounded(40_000)
    known = cross_fit(y[:200], treated[:200], x[:200], propensity=propensity[:200])
    assert (known.propensity == propensity[:200]).all()
    zero, half = np.zeros(len(y)), np.full(len(y), 0.5)
    for each in (type(known)(propensity, zero, zero), type(known)(half, mean_control + 0.5, mean_control)):
        scores = each.pseudo_outcome(y, treated)
        assert abs(scores.mean() - 0.5) < 4 * scores.std() / np.sqrt(len(y))


def test_weighting_by_the_true_propensity_brings_balance():
    """The standardised difference is large before weighting and small after; the worst comes first."""
    _, treated, x, propensity, _ = confounded(20_000)
    table = balance(x.assign(unknown=np.nan), treated, propensity).set_index("feature")
    assert table.loc["a", "before"] > 0.5
    assert table["after"].abs().max() < 0.06
    assert (table["after"].abs().diff().dropna() <= 0).all()
    by_hand = (x["a"][treated].mean() - x["a"][~treated].mean()) / np.sqrt(
        (x["a"][treated].var(ddof=0) + x["a"][~treated].var(ddof=0)) / 2
    )
    assert table.loc["a", "before"] == pytest.approx(by_hand)


def test_overlap_counts_every_row():
    """Each row of each group is in one twentieth."""
    table = overlap([0, 0.05, 0.5, 1], [1, 0, 1, 0])
    assert (table["treated"].sum(), table["control"].sum()) == (2, 2)
    assert table.loc[table["low"] == 0.5, "treated"].item() == 1


def test_too_few_treated_are_refused():
    """With fewer than 50 of a group nothing is fitted, and the message counts both."""
    y, treated, x, _, _ = confounded(60)
    with pytest.raises(TooLittleDataError, match="expected at least 50 of each"):
        cross_fit(y, treated, x)


def test_a_column_without_a_value_changes_nothing():
    """Features of things that a firm does not do are null for everybody."""
    y, treated, x, _, _ = confounded(600)
    plain, wider = cross_fit(y, treated, x), cross_fit(y, treated, x.assign(unknown=np.nan))
    assert (plain.propensity == wider.propensity).all()
    assert (plain.mean_control == wider.mean_control).all()

"""What holds for every buy-till-you-die model."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import estimator_checks_generator

from features.errors import InvalidArgumentError
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.mbg_nbd import MBGNBD
from training.models.btyd.pareto_nbd import ParetoNBD

MODELS = [BGNBD, MBGNBD, ParetoNBD]
TRUTH = {"BGNBD": (0.6, 40, 0.8, 2.4), "MBGNBD": (0.6, 40, 0.8, 2.4), "ParetoNBD": (0.6, 60, 0.6, 80)}
every_model = pytest.mark.parametrize("model", MODELS)

# scikit-learn's other checks hand over bare arrays of two or more columns; these models take a table with columns
# by name. Their subjects (order, subsets, pickling, refitting, bad values) are tested below on such a table.
CHECKS = {
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_estimators_unfitted",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
}
positive = st.floats(-5, 8).map(lambda v: float(np.exp(v)))
parameters = st.one_of(st.tuples(*[positive] * 4), st.tuples(positive, positive, st.just(1.0), positive))
days = st.one_of(st.just(0.0), st.floats(1e-9, 1e9), st.integers(1, 1000).map(float))


@st.composite
def histories(draw):
    """A table of one row, from new customers to those with 10,000 purchases."""
    frequency = draw(st.one_of(st.integers(0, 5), st.integers(0, 10_000)))
    T = draw(st.one_of(st.integers(0, 5), st.integers(0, 10_000))) if frequency == 0 else draw(st.integers(1, 10_000))
    recency = draw(st.integers(1, T)) if frequency else 0
    return pd.DataFrame({"frequency": [frequency], "recency": [recency], "T": [T]}, dtype=float)


@pytest.fixture(scope="module")
def fitted(draw):
    """Each model fitted to its own draws: the model and its 3,000 customers."""
    T = np.random.default_rng(0).integers(30, 400, 3000).astype(float)

    def one(model):
        X = draw[model.__name__](*TRUTH[model.__name__], T=T, t=0, seed=1)
        X[["recency"]] = np.ceil(X[["recency"]])
        return model().fit(X), X

    return {model: one(model) for model in MODELS}


@pytest.mark.parametrize(
    ("estimator", "check"),
    [(e, c) for m in MODELS for e, c in estimator_checks_generator(m()) if c.func.__name__ in CHECKS],
    ids=lambda value: value.func.__name__ if hasattr(value, "func") else type(value).__name__,
)
def test_scikit_learns_contract(estimator, check):
    """scikit-learn's own checks of an estimator hold, those that need no bare array."""
    check(estimator)


@every_model
@given(values=parameters, X=histories(), t=days)
def test_forecasts_are_in_range_and_agree(with_parameters, model, values, X, t):
    """For any parameters and history: finite, probabilities in 0..1, and expected purchases >= P(any)."""
    m = with_parameters(model, *values)
    expected, none, alive = m.expected_purchases(X, t), m.no_purchase_probability(X, t), m.probability_alive(X)
    assert np.isfinite(m.log_likelihood(X))
    assert np.isfinite(expected).all()
    assert ((none >= 0) & (none <= 1)).all()
    assert ((alive >= 0) & (alive <= 1)).all()
    assert (expected >= (1 - none) * (1 - 1e-9) - 1e-12).all()
    assert (none >= 1 - alive - 1e-12).all()


@every_model
@given(values=parameters, X=histories(), t=days, longer=days)
def test_forecasts_are_monotone_in_the_horizon(with_parameters, model, values, X, t, longer):
    """A longer horizon never lowers expected purchases nor raises P(none); none are expected in no time."""
    m = with_parameters(model, *values)
    early, late = m.expected_purchases(X, t), m.expected_purchases(X, t + longer)
    assert (late >= early * (1 - 1e-9)).all()
    assert (m.no_purchase_probability(X, t + longer) <= m.no_purchase_probability(X, t) + 1e-12).all()
    assert (m.expected_purchases(X, 0) == 0).all()
    assert (m.no_purchase_probability(X, 0) == 1).all()


@every_model
@given(values=parameters, X=histories())
def test_the_gradient_is_that_of_the_likelihood(with_parameters, model, values, X):
    """The analytic gradient by log parameters is the numeric one."""
    m = with_parameters(model, *np.clip(values, 0.05, 500))
    likelihood = m._mean_log_likelihood(*X.to_numpy().T, np.ones(1))
    at = m._parameters()
    steps = 1e-4 * np.eye(4)
    numeric = [(likelihood(at * np.exp(h))[0] - likelihood(at * np.exp(-h))[0]) / 2e-4 for h in steps]
    assert likelihood(at)[1] * at == pytest.approx(numeric, rel=1e-4, abs=1e-4)


anything = st.one_of(st.sampled_from([1e-6, 0.5, 1.0, 1e6]), st.floats(-6, 6).map(lambda v: 10.0**v))


@st.composite
def extreme_histories(draw):
    """A table of one row: no purchase and no time, the last at T, up to 10^12 purchases, times of 1e-6 to 1e6 days."""
    frequency = draw(st.one_of(st.integers(0, 3), st.integers(0, 10**12)))
    T = draw(anything) if frequency else draw(st.one_of(st.just(0.0), anything))
    recency = draw(st.one_of(st.just(T), st.floats(-6, 0).map(lambda v: T * 10.0**v))) if frequency else 0.0
    return pd.DataFrame({"frequency": [frequency], "recency": [recency], "T": [T]}, dtype=float)


@every_model
@given(
    values=st.tuples(*[anything] * 4), X=extreme_histories(), t=st.one_of(st.sampled_from([0.0, 1e-9, 1e5]), anything)
)
def test_no_parameters_and_no_history_break_a_forecast(with_parameters, model, values, X, t):
    """Parameters of 1e-6 to 1e6: finite, in range, at most the rate of an active customer times the horizon."""
    m = with_parameters(model, *values)
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        likelihood, gradient = m._mean_log_likelihood(*X.to_numpy().T, np.ones(1))(m._parameters())
        expected, none, alive = (
            m.expected_purchases(X, t)[0],
            m.no_purchase_probability(X, t)[0],
            m.probability_alive(X)[0],
        )
    assert np.isfinite([likelihood, *gradient, expected]).all()
    assert 0 <= none <= 1
    assert 0 <= alive <= 1
    x, _, T = X.to_numpy()[0]
    assert 0 <= expected <= alive * (values[0] + x) / (values[1] + T) * t * (1 + 1e-9)
    assert (1 - none) * (1 - 1e-9) - 1e-12 <= expected


@every_model
def test_half_a_purchase_is_refused(with_parameters, model):
    """Frequency counts days, so a fraction is a fault of the data; every method says so in one line."""
    X = pd.DataFrame({"frequency": [0.5], "recency": [2.0], "T": [30.0]})
    m = with_parameters(model, 0.9, 12.0, 1.4, 0.3)
    for call in (model().fit, m.log_likelihood, m.probability_alive, lambda X: m.expected_purchases(X, 30)):
        with pytest.raises(InvalidArgumentError, match="frequency is not a whole number in 1 rows"):
            call(X)


@every_model
@pytest.mark.parametrize("wrong", [{"penalizer": -1.0}, {"penalizer": np.nan}, {"tol": 0.0}, {"tol": "small"}])
def test_parameters_of_a_search_are_checked(model, wrong):
    """A penalizer below 0 or a tolerance of 0 is refused by name before the search."""
    X = pd.DataFrame({"frequency": [1.0], "recency": [2.0], "T": [3.0]})
    with pytest.raises(InvalidArgumentError, match=f"{next(iter(wrong))} is .*; expected a finite number"):
        model(**wrong).fit(X)


@every_model
def test_true_parameters_are_recovered(draw, model):
    """From 60,000 drawn customers the fit comes within 10 % of the truth, with at least its likelihood."""
    truth = TRUTH[model.__name__]
    T = np.random.default_rng(5).uniform(200, 900, 60_000)
    X = draw[model.__name__](*truth, T=T, t=0, seed=2)
    m = model().fit(X)
    assert list(m.params_.values()) == pytest.approx(truth, rel=0.1)
    assert [getattr(m, f"{name}_") for name in model.PARAMETERS] == list(m.params_.values())
    found = m.log_likelihood_
    m.params_ = dict(zip(model.PARAMETERS, truth, strict=True))
    assert found >= m.log_likelihood(X)


@every_model
def test_forecasts_agree_with_what_comes(draw, with_parameters, model):
    """Known parameters: sums by frequency and recency are those of 200,000 drawn futures, within 4.5 errors."""
    truth = TRUTH[model.__name__]
    T, t = np.full(200_000, 180.0), 120.0
    X = draw[model.__name__](*truth, T=T, t=t, seed=3)
    m = with_parameters(model, *truth)
    table = pd.DataFrame(
        {
            "purchases": m.expected_purchases(X, t) - X["future"],
            "none": m.no_purchase_probability(X, t) - (X["future"] == 0),
            "alive": m.probability_alive(X) - X["alive"],
        }
    )
    kind = [np.minimum(X["frequency"], 6), np.ceil(X["recency"] / 60)]
    groups = table.groupby(kind)
    error = groups.std() / np.sqrt(groups.size().to_numpy()[:, None])
    assert len(error) > 15
    assert (groups.mean().abs() <= 4.5 * error + 1e-12).all(axis=None)


@every_model
def test_likelihood_is_the_stored_one_and_the_largest(fitted, model):
    """``log_likelihood`` of the table fitted to is ``log_likelihood_``; moving a parameter lowers it."""
    m, X = fitted[model]
    assert m.log_likelihood(X) == pytest.approx(m.log_likelihood_, abs=1e-6)
    for name in model.PARAMETERS:
        for factor in (0.97, 1.03):
            moved = clone(m)
            moved.params_ = m.params_ | {name: m.params_[name] * factor}
            assert moved.log_likelihood(X) < m.log_likelihood_


@every_model
@pytest.mark.parametrize("penalizer", [0.0, 0.01])
def test_the_unit_of_time_does_not_matter(fitted, model, penalizer):
    """Fitted in weeks: times are a seventh, forecasts equal, and the density log 7 higher a purchase."""
    _, X = fitted[model]
    weeks = X.assign(recency=X["recency"] / 7, T=X["T"] / 7)
    in_days, in_weeks = model(penalizer=penalizer).fit(X), model(penalizer=penalizer).fit(weeks)
    for name in model.PARAMETERS:
        factor = 7 if name in model.TIMES else 1
        assert in_weeks.params_[name] * factor == pytest.approx(in_days.params_[name], rel=1e-4)
    assert in_weeks.log_likelihood_ == pytest.approx(
        in_days.log_likelihood_ + np.log(7) * X["frequency"].sum(), abs=1e-3
    )
    assert in_weeks.expected_purchases(weeks, 4) == pytest.approx(in_days.expected_purchases(X, 28), rel=1e-4)


@every_model
def test_order_and_repetition_of_rows_do_not_matter(fitted, model):
    """Shuffled rows, or all rows twice, give the same parameters."""
    m, X = fitted[model]
    shuffled, twice = model().fit(X.sample(frac=1, random_state=0)), model().fit(pd.concat([X, X]))
    assert list(shuffled.params_.values()) == pytest.approx(list(m.params_.values()), rel=1e-4)
    assert list(twice.params_.values()) == pytest.approx(list(m.params_.values()), rel=1e-4)
    assert twice.log_likelihood_ == pytest.approx(2 * m.log_likelihood_)


@every_model
def test_forecasts_are_row_by_row(fitted, model):
    """A row is forecast alone as among others, t may differ by row, and X is left as it was."""
    m, X = fitted[model]
    before = X.copy()
    t = np.arange(len(X)) % 90.0
    together = m.expected_purchases(X, t), m.no_purchase_probability(X, t), m.probability_alive(X)
    for row in (0, 7, 2999):
        one = X.iloc[[row]]
        alone = m.expected_purchases(one, t[row]), m.no_purchase_probability(one, t[row]), m.probability_alive(one)
        assert [a[0] for a in alone] == pytest.approx([a[row] for a in together], rel=1e-13)
    pd.testing.assert_frame_equal(X, before)
    assert m.expected_purchases(X.iloc[:0], 5).shape == (0,)


@every_model
def test_a_refitted_or_pickled_model_is_the_same(fitted, model):
    """Fitting again gives the same bits; so does a model that went through pickle. ``fit`` returns the model."""
    m, X = fitted[model]
    again = clone(m)
    assert again.fit(X) is again
    assert again.params_ == m.params_ == pickle.loads(pickle.dumps(m)).params_


@every_model
def test_a_penalizer_keeps_few_customers_sober(model):
    """Eight customers alike: the fit is finite either way, and nearer to 1 mean T with a penalizer."""
    X = pd.DataFrame({"frequency": [4.0] * 8, "recency": [80.0] * 8, "T": [100.0] * 8})
    free, held = model().fit(X), model(penalizer=0.01).fit(X)
    assert np.isfinite(list(free.params_.values())).all()
    assert 50 < held.alpha_ < 5000 < free.alpha_


@every_model
@pytest.mark.parametrize(
    "rows",
    [[(0, 0, 0)], [(0, 0, 9), (0, 0, 30)], [(3, 50, 50)], [(8, 9, 900)] * 5, [(5000, 4000, 4000), (0, 0, 1)]],
    ids=["came today", "nobody came back", "one customer", "all long gone", "one buys all the time"],
)
def test_a_log_that_tells_little_still_fits(model, rows):
    """No repeat, no time, one customer, extremes: no warning, finite parameters and forecasts."""
    X = pd.DataFrame(rows, columns=["frequency", "recency", "T"], dtype=float)
    m = model().fit(X)
    assert np.isfinite([*m.params_.values(), m.log_likelihood_]).all()
    assert np.isfinite(m.expected_purchases(X, 1e9)).all()


@every_model
def test_nothing_is_forecast_before_fit_and_nothing_fitted_to_nobody(model):
    """Without a fit forecasts raise scikit-learn's NotFittedError; an empty table is refused by name."""
    X = pd.DataFrame({"frequency": [1.0], "recency": [2.0], "T": [3.0]})
    for forecast in (lambda m: m.expected_purchases(X, 1), lambda m: m.probability_alive(X)):
        with pytest.raises(NotFittedError):
            forecast(model())
    with pytest.raises(ValueError, match="no rows; expected at least one customer"):
        model().fit(X.iloc[:0])

import numpy as np
import pandas as pd
import pytest

from planning.uplift.uplift_evaluation import calibration, effect_scores, qini
from planning.uplift.uplift_model import UpliftModel
from tests.planning.trials import hillstrom


def experiment(n, seed, gain):
    rng = np.random.default_rng(seed)
    x = pd.DataFrame({"a": rng.normal(size=n), "b": rng.normal(size=n)})
    treated = rng.random(n) < 0.5
    effect = gain(x["a"].to_numpy())
    return x, treated, 2 + x["b"].to_numpy() + effect * treated + rng.normal(size=n), effect


def test_effects_of_customers_are_found_and_their_errors_hold():
    """A linear effect is recovered, negative ones included, and 2 standard errors hold most customers' truth."""
    x, treated, y, effect = experiment(6000, 1, lambda a: 0.2 + 0.5 * a)
    model = UpliftModel().fit(x, treated, y, np.full(len(y), 0.5))
    found, errors = model.predict(x)
    assert np.corrcoef(found, effect)[0, 1] > 0.95
    assert found.min() < -0.5
    assert np.mean(np.abs(found - effect) < 2 * errors) > 0.8
    assert model.learner_ == "ridge"
    assert abs(model.mean_ - 0.2) < 4 * model.mean_error_


def test_without_differences_all_customers_get_the_actions_mean():
    """Where the effect is the same for all, predictions are close to the mean, not spread by noise."""
    x, treated, y, _ = experiment(3000, 2, lambda a: np.full_like(a, 0.4))
    model = UpliftModel().fit(x, treated, y, np.full(len(y), 0.5))
    found, _ = model.predict(x)
    assert found.std() < 0.05
    assert found.mean() == pytest.approx(model.mean_, abs=0.02)


def test_a_richer_learner_is_taken_where_it_is_better():
    """An effect that only trees can see makes boosted trees the learner."""
    x, treated, y, effect = experiment(6000, 3, lambda a: np.where(np.abs(a) < 0.7, 2.0, -2.0))
    model = UpliftModel().fit(x, treated, y, np.full(len(y), 0.5))
    assert model.learner_ == "boosted"
    assert model.gain_ > model.gain_error_
    assert np.corrcoef(model.predict(x)[0], effect)[0, 1] > 0.8


def test_a_forecast_of_before_is_used_and_needed_again():
    """An effect proportional to a forecast that no feature tells is found with the forecast."""
    rng = np.random.default_rng(4)
    forecast = rng.gamma(1, 1, 5000)
    x = pd.DataFrame({"noise": rng.normal(size=5000)})
    treated = rng.random(5000) < 0.3
    y = rng.poisson(forecast * (1 + 0.5 * treated)).astype(float)
    model = UpliftModel().fit(x, treated, y, np.full(5000, 0.3), forecast)
    assert np.corrcoef(model.predict(x, forecast)[0], forecast)[0, 1] > 0.95


def test_the_effects_kept_for_evaluation_are_of_other_customers():
    """The calibration of `effects_` is honest: the slope of what was seen on them is near 1, not below."""
    x, treated, y, _ = experiment(4000, 5, lambda a: 0.1 * a)
    model = UpliftModel().fit(x, treated, y, np.full(len(y), 0.5))
    slope = calibration(effect_scores(y, treated, 0.5), model.effects_).slope
    assert slope.low < 1 < slope.high


@pytest.mark.needs_data
def test_hillstroms_customers_are_ordered_on_another_half():
    """On a half that it has not seen, the model's Qini for the women's e-mail is beyond doubt above 0."""
    outcomes, treated, features = hillstrom("Womens E-Mail")
    half = np.random.default_rng(1).permutation(len(treated)) < len(treated) // 2
    visits = outcomes["visit"].to_numpy()
    model = UpliftModel().fit(features[half], treated[half], visits[half], np.full(half.sum(), 0.5))
    found = qini(effect_scores(visits[~half], treated[~half], 0.5), model.predict(features[~half])[0])
    assert found.low > 0

import numpy as np
import pytest

from planning.uplift.uplift_evaluation import auuc, calibration, effect_scores, qini, qini_difference, rate

RNG = np.random.default_rng(11)
EFFECTS = RNG.normal(size=400)
SCORES = 0.3 + 0.5 * EFFECTS + RNG.normal(size=400)


def gain_curve(scores, effects):
    """The gain at each share, customer by customer: the sum of scores of the best so far, a customer."""
    best = scores[np.argsort(-effects)]
    return np.r_[0, np.cumsum(best)] / len(scores)


def test_qini_is_the_area_between_the_curves():
    """By trapezia under the gain curve, less the triangle of a random order; auuc without the triangle."""
    curve = gain_curve(SCORES, EFFECTS)
    area = np.mean((curve[1:] + curve[:-1]) / 2)
    assert auuc(SCORES, EFFECTS).value == pytest.approx(area)
    assert qini(SCORES, EFFECTS).value == pytest.approx(area - curve[-1] / 2)


def test_rate_is_the_mean_advantage_over_all_shares():
    """AUTOC is the average over shares of the mean score of the best less that of all, up to the grid."""
    n = 4000
    effects = RNG.normal(size=n)
    scores = effects + RNG.normal(size=n)
    best = np.cumsum(scores[np.argsort(-effects)]) / np.arange(1, n + 1)
    assert rate(scores, effects).value == pytest.approx(np.mean(best) - scores.mean(), abs=0.01)


def test_equal_effects_are_ordered_at_random():
    """A constant has no Qini; within a tie the order of the rows does not matter."""
    assert qini(SCORES, np.zeros(400)).value == pytest.approx(0, abs=1e-12)
    coarse = np.round(EFFECTS)
    order = RNG.permutation(400)
    for measure in (qini, auuc, rate):
        assert measure(SCORES[order], coarse[order]).value == pytest.approx(measure(SCORES, coarse).value)
        assert measure(SCORES[order], coarse[order]).standard_error == pytest.approx(
            measure(SCORES, coarse).standard_error
        )


@pytest.mark.parametrize("measure", [qini, auuc, rate])
def test_the_standard_error_is_that_of_new_customers(measure):
    """Over 400 samples of new customers the estimates spread as the standard error says."""
    rng = np.random.default_rng(12)
    values, errors = [], []
    for _ in range(400):
        effects = rng.exponential(size=400)
        found = measure(0.3 + effects + rng.normal(size=400), effects)
        values.append(found.value)
        errors.append(found.standard_error)
    assert np.mean(errors) / np.std(values) == pytest.approx(1, abs=0.12)


def test_a_model_that_says_nothing_has_no_qini():
    """Of 400 random orders about 95 % of the intervals hold 0."""
    rng = np.random.default_rng(13)
    held = [f.low <= 0 <= f.high for f in (qini(SCORES, rng.normal(size=400)) for _ in range(400))]
    assert 0.92 <= np.mean(held) <= 0.98


def test_scores_without_a_model_have_the_difference_of_means():
    """With equal propensities the mean score is the plain difference between the groups."""
    y, treated = RNG.poisson(2, 300), RNG.random(300) < 0.3
    share = treated.mean()
    assert effect_scores(y, treated, share).mean() == pytest.approx(y[treated].mean() - y[~treated].mean())


def test_the_calibration_slope_is_1_where_effects_are_right():
    """Right effects have a slope of 1, doubled ones .5, and the groups follow the diagonal."""
    rng = np.random.default_rng(14)
    effects = rng.normal(size=20_000)
    scores = effects + rng.normal(size=20_000)
    found = calibration(scores, effects)
    assert found.slope.low < 1 < found.slope.high
    assert calibration(scores, 2 * effects).slope.value == pytest.approx(found.slope.value / 2)
    assert found.groups["customers"].sum() == 20_000
    assert found.groups["predicted"].between(found.groups["low"], found.groups["high"]).sum() >= 4
    assert found.groups["predicted"].is_monotonic_increasing


def test_constant_effects_have_no_slope():
    """Where all are predicted the same, the slope is not a number."""
    assert np.isnan(calibration(SCORES, np.ones(400)).slope.value)


def test_the_difference_of_two_orders_is_paired():
    """It is the difference of both figures; its error is that of many samples, and 0 for an order beside itself."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(300):
        effects = rng.normal(size=400)
        scores, others = effects + rng.normal(size=400), effects + rng.normal(size=400)
        found.append(qini_difference(scores, effects, others))
    assert found[-1].value == pytest.approx(qini(scores, effects).value - qini(scores, others).value)
    assert np.mean([each.standard_error for each in found]) == pytest.approx(np.std([e.value for e in found]), rel=0.15)
    assert qini_difference(scores, effects, effects).standard_error == 0

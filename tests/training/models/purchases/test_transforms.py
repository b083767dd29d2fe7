"""The transforms of declared covariates: what each makes of values within and beyond its domain."""

import numpy as np
import pytest

from features.definitions.specs import COVARIATE_TRANSFORMS
from training.models.purchases.transforms import TRANSFORMS


def test_each_transform_of_a_definition_is_here():
    """None more, none less."""
    assert set(TRANSFORMS) == set(COVARIATE_TRANSFORMS)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("identity", [-2.0, 3.0], [-2.0, 3.0]),
        ("log1p", [0.0, -1.0, -2.0], [0.0, np.nan, np.nan]),
        ("log", [1.0, 0.0, -1.0], [0.0, np.nan, np.nan]),
        ("signed_log1p", [0.0, np.e - 1, 1 - np.e], [0.0, 1.0, -1.0]),
        ("logit", [0.5, 0.0, 1.0, 1.5], [0.0, np.log(0.01 / 0.99), np.log(99), np.nan]),
    ],
)
def test_values_outside_the_domain_are_null(name, values, expected):
    """And those within are transformed."""
    np.testing.assert_allclose(TRANSFORMS[name](np.array(values)), expected, atol=1e-12)

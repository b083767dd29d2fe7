"""The transforms for one number are those of a column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ModelError
from training.models.compiled.declared import TRANSFORMS, compiled_covariate
from training.models.purchases import declared


@given(
    transform=st.sampled_from(list(declared.TRANSFORMS)),
    value=st.one_of(st.floats(), st.floats(0, 1), st.sampled_from([-1.0, 0.0, 0.01, 1.0])),
)
def test_one_number_is_transformed_as_a_column_is(transform, value):
    """Any float, null and infinite ones too, gives the same covariate to 1e-12."""
    with np.errstate(all="ignore"):
        column = declared.TRANSFORMS[transform](np.array([value]))[0]
    expected = column if np.isfinite(column) else 0.25
    assert compiled_covariate(transform, 0.25)(value) == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_no_transform_is_missing():
    """Whatever an estimator can learn can be compiled."""
    assert set(TRANSFORMS) == set(declared.TRANSFORMS)


def test_a_transform_of_another_version_is_named():
    """With what is known here."""
    with pytest.raises(ModelError, match="needs the transform 'sqrt', expected one of identity, log1p"):
        compiled_covariate("sqrt", 0.0)

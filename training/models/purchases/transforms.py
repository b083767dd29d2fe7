"""The transforms of declared covariates, for columns; the estimator and its compiled form share them.

Imports neither pandas nor SciPy.
"""

from collections.abc import Callable

import numpy as np

from training.models.arrays import Floats
from training.models.purchases.constants import MIN_SHARE

TRANSFORMS: dict[str, Callable[[Floats], Floats]] = {
    "identity": lambda values: values,
    "log1p": lambda values: np.log1p(np.where(values > -1, values, np.nan)),
    "log": lambda values: np.log(np.where(values > 0, values, np.nan)),
    "signed_log1p": lambda values: np.sign(values) * np.log1p(np.abs(values)),
    "logit": lambda values: _logit(np.where((values >= 0) & (values <= 1), values, np.nan)),
}
"""By name, the function from a column, shape (n,), to the covariate; NaN where it is not defined."""


def _logit(share: Floats) -> Floats:
    share = np.clip(share, MIN_SHARE, 1 - MIN_SHARE)
    return np.asarray(np.log(share / (1 - share)))

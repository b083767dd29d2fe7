"""The transforms of declared covariates for one number, without pandas; see `training.models.purchases.declared`."""

from collections.abc import Callable
from math import copysign, inf, log, log1p

from features.errors import ModelError
from training.models.purchases.constants import MIN_SHARE

Covariate = Callable[[float], float]


def _logit(fill: float) -> Covariate:
    def logit(value: float) -> float:
        if not 0 <= value <= 1:
            return fill
        share = min(max(value, MIN_SHARE), 1 - MIN_SHARE)
        return log(share / (1 - share))

    return logit


TRANSFORMS: dict[str, Callable[[float], Covariate]] = {
    "identity": lambda fill: lambda value: value if -inf < value < inf else fill,
    "log1p": lambda fill: lambda value: log1p(value) if -1 < value < inf else fill,
    "log": lambda fill: lambda value: log(value) if 0 < value < inf else fill,
    "signed_log1p": lambda fill: lambda value: copysign(log1p(abs(value)), value) if -inf < value < inf else fill,
    "logit": _logit,
}
"""By name, what makes the function from a value to the covariate, given the value for a null."""


def compiled_covariate(transform: str, fill: float) -> Covariate:
    """Return the function from a value, NaN for null, to the covariate; `fill` where it is null or not defined.

    Raises
    ------
    ModelError
        This version has no such transform.
    """
    if transform not in TRANSFORMS:
        raise ModelError(
            f"the compiled model needs the transform {transform!r}, expected one of {', '.join(TRANSFORMS)}: "
            "install the version that published it"
        )
    return TRANSFORMS[transform](fill)

"""Constants of the quadrature over Beta distributions, which the compiled model repeats without SciPy."""

TAIL = 28.0
"""Functions of p count as constant where |logit p| exceeds this: exp(-28) is below 1e-12."""
STEP = 0.36
"""Step of the trapezoid rule over logit p. Its error is exp(-pi^2 / STEP), as no pole is nearer than pi / 2."""
DROP = 40.0
"""The nodes end where the density over logits has fallen to exp(-DROP) of its peak."""

"""Constants of the purchase model, which the compiled model repeats without SciPy and pandas."""

CYCLE_DAYS = 1461
"""Four years: after so many days the seasons fall on the same days again."""
PURCHASE_WINDOWS = {
    **{f"recent_{days}": (f"purchase_days_{days}", -days, 0) for days in (30, 90, 180, 365)},
    **{f"year_ago_{days}": (f"purchase_days_year_ago_{days}", -364, days - 364) for days in (28, 91)},
}
"""Covariates that compare purchases in a window with the customer's own rate: the column, and first and last day of the
window, counted from the cutoff."""
COVARIATE_HORIZON_DAYS = 90
"""The horizon of the BG/NBD forecasts among the covariates."""
MIN_EXPECTED = 1e-9
"""The least expected purchases, and the least distance of a probability from 0 and 1, whose logarithm is taken."""
MAX_LOG_FACTOR = 2.0
"""The largest log factor of an adjustment, either way."""
MIN_NO_PURCHASE = 1e-12
"""The least probability of no purchase."""
MIN_SHARE = 0.01
"""The least distance of a share from 0 and 1 whose logit is a covariate."""
INTERVAL_HORIZONS = (7, 30, 90, 180, 365, 730)
"""Horizons, in days, at which the laws of a fit are checked and models keep the content to ask of their intervals."""
LOG_SHAPE_LIMIT = 6.0
"""Bounds of the log shape of the negative binomial, either way."""
MAX_SHORTENED = 1_000
"""Intervals that end above so many counts are not shortened; counts are days with a purchase."""
MIN_TERM = 1e-280
"""A smaller first term of a distribution has lost digits that the sum of its terms needs."""
PACE_DAYS = 90
"""The pace that the shape follows is a count per quarter."""

"""Constants of the spend model, which the compiled model repeats without scikit-learn."""

COLUMNS = ("frequency", "monetary_value", "basket_mean", "basket_max", "basket_last", "purchase_days", "T", "gap_mean")
"""The columns of the feature table that the trees read."""
MIN_SPEND = 0.01
"""No forecast is below one cent: the gamma deviance of 0 is infinite."""

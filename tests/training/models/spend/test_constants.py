"""The constants of the spend model name columns of the feature table."""

from features.definitions import FEATURE_NAMES
from training.models.spend.constants import COLUMNS, MIN_SPEND


def test_the_columns_are_in_the_feature_table():
    """Each once."""
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert set(COLUMNS) <= set(FEATURE_NAMES)


def test_no_forecast_is_below_one_cent():
    """In the currency of the log."""
    assert MIN_SPEND == 0.01

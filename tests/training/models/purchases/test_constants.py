"""The constants of the purchase model: windows that are columns of the feature table, and no heavy import."""

import subprocess
import sys
from pathlib import Path

from features.definitions import FEATURE_NAMES
from training.models.purchases.constants import CYCLE_DAYS, INTERVAL_HORIZONS, PURCHASE_WINDOWS

ROOT = Path(__file__).parents[4]


def test_purchase_windows_are_columns_of_the_feature_table():
    """The window's length is in the column's name, and the window a year ago begins on the same weekday."""
    for name, (column, start, end) in PURCHASE_WINDOWS.items():
        assert column in FEATURE_NAMES
        assert column.endswith(f"_{end - start}")
        assert name.endswith(f"_{end - start}")
        assert (start == -364) == ("year_ago" in column)


def test_four_years_have_a_leap_day():
    """The seasons fall on the same days again."""
    assert CYCLE_DAYS == 4 * 365 + 1


def test_interval_horizons_rise():
    """They are interpolated between."""
    assert sorted(set(INTERVAL_HORIZONS)) == list(INTERVAL_HORIZONS)


def test_shared_constants_need_no_library():
    """The compiled model imports them, in a process that loads neither SciPy nor pandas."""
    modules = [f"training.models.{part}.constants" for part in ("btyd", "purchases", "spend")]
    heavy = {"numpy", "pandas", "scipy", "sklearn"}
    command = [sys.executable, "-c", f"import sys, {', '.join(modules)}; print({heavy} & set(sys.modules))"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"

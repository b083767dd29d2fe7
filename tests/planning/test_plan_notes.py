"""What a plan notes: who is not in it, and what a reader has to know."""

import msgspec
import numpy as np
import pandas as pd

from planning.allocation.allocate import Allocation
from planning.catalogue.catalogue_file import load_catalogue
from planning.options.forecasts import Forecasts
from planning.options.options_table import Options
from planning.plan_notes import passed_over_counts, warnings


def test_everybody_is_counted_once() -> None:
    """Those without an option by their reason, those who would not pay, and those for whom there is no room."""
    options = pd.DataFrame({"customer": [0, 0, 1, 2, 3], "value": [1.0, -1, -1, 5, 0]})
    allocation = Allocation(np.array([False, False, False, True, False]), np.zeros(0), 5, 5, 0, 0)
    none = pd.Series(["opted_out", "opted_out", "no_forecast"])
    found = passed_over_counts(Options(options, none, pd.Series([], dtype=object)), allocation)
    assert found == {"opted_out": 2, "no_forecast": 1, "does_not_pay": 2, "no_room": 1}


def test_who_lacks_a_rep_is_not_called_unprofitable() -> None:
    """Of customers whose options do not pay, those for whom another action would; nobody who is in, or has no room."""
    options = pd.DataFrame({"customer": [0, 1, 2, 3], "value": [1.0, -1, 5, -2]})
    allocation = Allocation(np.array([False, False, True, False]), np.zeros(0), 5, 5, 0, 0)
    refused = pd.Series(["without_rep", "without_rep", "without_rep"], [0, 1, 2])
    found = passed_over_counts(Options(options, pd.Series([], dtype=object), refused), allocation)
    assert found == {"without_rep": 1, "does_not_pay": 1, "no_room": 1}
    by_rule = passed_over_counts(Options(options, pd.Series([], dtype=object), refused), allocation, by_rule=True)
    assert by_rule == {"does_not_pay": 0, "no_room": 3}


def test_a_short_horizon_and_a_missing_champion_are_named() -> None:
    """Both in two languages; neither without a cause."""
    catalogue = load_catalogue("retail")
    plain, fitted = (Forecasts(pd.DataFrame(), "BG/NBD", here) for here in (False, True))
    assert warnings(catalogue, plain, pd.Series([10.0, np.nan])) == []
    assert warnings(catalogue, plain, pd.Series([np.nan])) == []
    [[english, chinese]] = warnings(catalogue, plain, pd.Series([60.0, 100.0]))
    assert "A horizon_days of 136 or more" in english
    assert "136" in chinese
    assert "no champion" in warnings(catalogue, fitted, pd.Series([10.0]))[0][0]


def test_customers_without_a_rep_are_counted() -> None:
    """Where an action needs one; in a catalogue of offers alone nobody misses a rep."""
    catalogue, forecasts, gaps = load_catalogue("retail"), Forecasts(pd.DataFrame(), "BG/NBD", False), pd.Series([10.0])
    [[english, chinese]] = warnings(catalogue, forecasts, gaps, n_without_rep=133)
    assert english.startswith("133 customers have no rep")
    assert "133" in chinese
    offers = tuple(each for each in catalogue.actions if each.kind == "incentive")
    assert warnings(msgspec.structs.replace(catalogue, actions=offers), forecasts, gaps, n_without_rep=133) == []

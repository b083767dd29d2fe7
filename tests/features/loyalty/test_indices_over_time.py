"""The indices at several dates are those of the feature table of each, in the rating scale of the log."""

from pathlib import Path

import numpy as np
import pytest

from features.engines.feature_table import feature_table
from features.loyalty.base_indices import INDICES, base_indices
from features.loyalty.formula import load_formula
from features.loyalty.indices_over_time import indices_at, with_rating_scale
from features.store.log_dates import dates_every
from tests.training.logs import simulated, stored

FORMULA = load_formula()


@pytest.mark.parametrize("chunk", [17, 100_000])
def test_each_row_is_the_index_at_its_date(chunk: int, tmp_path: Path) -> None:
    """To the last bit, however the base is cut."""
    store = stored(simulated(150), tmp_path)
    dates = dates_every(store, 200)
    found = indices_at(store, FORMULA, dates, chunk=chunk)
    assert found["as_of"].tolist() == [str(date.date) for date in dates]
    for row, date in zip(found.to_dict("records"), dates, strict=True):
        table = feature_table(store, date)
        expected = base_indices(table, FORMULA)
        assert row["customers"] == len(table)
        assert np.array_equal([row[name] for name in INDICES], expected["index"], equal_nan=True)
        assert [row[f"{name}_customers"] for name in INDICES] == expected["n"].tolist()


def test_the_scale_of_the_log_is_the_maximum() -> None:
    """A log of the usual scale leaves the formula's maxima, which may be chosen, as they are."""
    assert with_rating_scale(FORMULA, 10.0) is FORMULA
    maxima = with_rating_scale(FORMULA, 100.0).maxima
    assert (maxima.satisfaction, maxima.loyalty, maxima.purchases) == (100.0, 100.0, FORMULA.maxima.purchases)

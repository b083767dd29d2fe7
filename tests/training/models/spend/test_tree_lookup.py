"""Trees looked up in a table: what scikit-learn's own way down them gives, to the last bit."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor

from training.models.spend.sklearn_trees import tree_numbers
from training.models.spend.tree_lookup import BLOCK_ROWS, TreeLookup

COLUMNS = 5


def trees(seed, missing, iterations=40, leaves=31):
    """Trees grown on noise in whole numbers and halves, so that values meet thresholds; some null in some columns."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 40, (600, COLUMNS)) / 2
    y = np.exp(0.1 * X[:, 0] - 0.05 * X[:, 3] + rng.normal(0, 1, 600))
    X[rng.random(X.shape) < missing] = np.nan
    y = np.where(np.isnan(X[:, 2]), 5 * y, y)
    grown = HistGradientBoostingRegressor(
        loss="gamma", max_iter=iterations, min_samples_leaf=5, max_leaf_nodes=leaves, random_state=0
    )
    return grown.fit(X, y)


def table(model):
    """The table after its numbers went through JSON."""
    return TreeLookup(json.loads(json.dumps(tree_numbers(model), allow_nan=False)))


GROWN = [trees(0, 0.3), trees(1, 0.0), trees(2, 0.9, 3), trees(3, 0.2, leaves=2), trees(4, 0.3, leaves=60)]
GROWN += [trees(5, 0.1, 5, leaves=leaves) for leaves in (32, 33, 64)]
TABLES = [table(model) for model in GROWN]
values = st.one_of(st.just(math.nan), st.integers(-4, 90).map(lambda n: n / 4), st.floats(-1e300, 1e300))


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(GROWN) - 1), st.lists(st.tuples(*[values] * COLUMNS), min_size=1, max_size=5))
def test_a_table_gives_what_scikit_learn_gives(which, rows):
    """Nulls where trees have seen them and where they have not, values on the thresholds themselves, more leaves."""
    X = np.array(rows)
    expected = GROWN[which].predict(X)
    np.testing.assert_array_equal(np.exp(TABLES[which].predict(X)), expected)
    np.testing.assert_allclose([math.exp(TABLES[which].predict_one(row)) for row in rows], expected, rtol=1e-13)


def test_many_rows_come_in_blocks():
    """All of them, in order, the last block a part of one; none give none."""
    X = np.random.default_rng(5).integers(0, 40, (2 * BLOCK_ROWS + 7, COLUMNS)) / 2
    np.testing.assert_array_equal(np.exp(TABLES[0].predict(X)), GROWN[0].predict(X))
    assert TABLES[0].predict(X[:0]).shape == (0,)


def test_a_split_of_the_missing_alone_is_kept():
    """Trees that can only tell null from known have no threshold there."""
    X = np.full((400, COLUMNS), 1.0)
    X[:200, 4] = np.nan
    model = HistGradientBoostingRegressor(loss="gamma", random_state=0)
    model.fit(X, np.where(np.isnan(X[:, 4]), 3.0, 30.0))
    assert None in tree_numbers(model)["trees"][0]["threshold"]
    np.testing.assert_array_equal(np.exp(table(model).predict(X)), model.predict(X))


def test_a_tree_of_one_leaf_says_it_to_everybody():
    """What cannot be told apart is one leaf."""
    model = HistGradientBoostingRegressor(max_iter=2).fit(np.zeros((50, COLUMNS)), np.arange(50.0))
    assert table(model).predict_one([math.nan] * COLUMNS) == pytest.approx(24.5)

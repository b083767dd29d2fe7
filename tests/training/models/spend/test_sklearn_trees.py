"""What is read of scikit-learn's trees: private names that this release has, and splits that are numbered right."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from features.errors import ModelError
from training.models.spend.sklearn_trees import MAX_LEAVES, tree_numbers

ROOT = Path(__file__).parents[4]
PRIVATE = re.compile(r"\b_predictors\b|\b_baseline_prediction\b|\bsklearn(\.\w+)*\._\w+|from sklearn\S* import _")
MEND = "scikit-learn has changed its private names: mend training/models/spend/sklearn_trees.py"


@pytest.fixture(scope="module")
def step():
    """Trees of one split: 10 up to 4, 30 above, and null goes with the larger."""
    X = np.array([*range(10), np.nan] * 20, float)[:, None]
    y = np.where(X[:, 0] <= 4, 10.0, 30.0)
    return HistGradientBoostingRegressor(max_iter=1, learning_rate=1.0, max_leaf_nodes=2, min_samples_leaf=1).fit(X, y)


def test_scikit_learn_has_the_private_names_that_are_read(step):
    """After an upgrade this test fails first, and says where to look."""
    assert {"_predictors", "_baseline_prediction", "is_categorical_"} <= set(dir(step)), MEND
    fields = {"is_leaf", "left", "right", "num_threshold", "feature_idx", "missing_go_to_left", "value"}
    assert fields <= set(step._predictors[0][0].nodes.dtype.names), MEND


def test_no_other_module_reads_private_names_of_scikit_learn():
    """One module to mend."""
    files = [
        file
        for folder in ("features", "training", "planning", "reporting", "serving", "cli")
        for file in (ROOT / folder).rglob("*.py")
    ]
    readers = [file.relative_to(ROOT).as_posix() for file in files if PRIVATE.search(file.read_text())]
    assert readers == ["training/models/spend/sklearn_trees.py"]


def test_a_split_in_plain_numbers(step):
    """Its threshold between 4 and 5, one leaf on its left, and values that add to the baseline."""
    numbers = tree_numbers(step)
    [tree] = numbers["trees"]
    assert numbers["columns"] == 1
    assert 4 <= tree["threshold"][0] < 5
    assert (tree["feature"], tree["first"], tree["last"], tree["missing_left"]) == ([0], [0], [1], [False])
    assert numbers["baseline"] + np.array(tree["value"]) == pytest.approx([10, 30], rel=1e-6)


def test_what_no_lookup_can_hold_is_refused():
    """A tree of more than 64 leaves, and columns of categories."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 200, (2000, 5)).astype(float), rng.random(2000)
    largest = HistGradientBoostingRegressor(max_leaf_nodes=MAX_LEAVES, min_samples_leaf=1, max_iter=1).fit(X, y)
    assert len(tree_numbers(largest)["trees"][0]["value"]) == MAX_LEAVES
    larger = HistGradientBoostingRegressor(max_leaf_nodes=MAX_LEAVES + 1, min_samples_leaf=1, max_iter=1).fit(X, y)
    with pytest.raises(ModelError, match="65 leaves, expected at most 64"):
        tree_numbers(larger)
    of_categories = HistGradientBoostingRegressor(max_iter=1, categorical_features=[0]).fit(X, y)
    with pytest.raises(ModelError, match="read categories"):
        tree_numbers(of_categories)

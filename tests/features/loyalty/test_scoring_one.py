"""One customer's rule score; that it equals the table's to the last bit is tested with the formula."""

import subprocess
import sys
from pathlib import Path

import pytest

from features.definitions import FEATURE_NAMES
from features.errors import FormulaError
from features.loyalty.formula import Band, Formula, Part, load_formula
from features.loyalty.scoring_one import CustomerScore, score_one

ROOT = Path(__file__).parents[3]
RULE = load_formula()


def test_a_score_in_its_parts() -> None:
    """6 of 12 purchase days and half of the amount are half of all points; what has no data is None in both."""
    row = dict.fromkeys(FEATURE_NAMES, 0.0) | {"net_purchase_days_365": 6.0, "net_spend_365": 500.0}
    assert score_one(row, RULE) == CustomerScore(
        loyalty_score=50.0,
        parts={"purchases": 0.5, "amount": 0.5, "usage": None, "feedback": None, "visits": None},
        contributions={
            "purchases": pytest.approx(50 * 4 / 7),
            "amount": pytest.approx(50 * 3 / 7),
            "usage": None,
            "feedback": None,
            "visits": None,
        },
        coverage=0.7,
        band="silver",
    )


def test_without_data_nothing_is_scored() -> None:
    """None, not 0; a part of no weight may have its points all the same."""
    parts = (Part("seen", "usage_365", 2, 0), Part("weighed", "net_spend_365", 1000, 1))
    rule = Formula("1", "a test", RULE.date, parts, (Band("all", 0),))
    found = score_one({"usage_365": 1.0, "net_spend_365": None}, rule)
    assert found == CustomerScore(None, {"seen": 0.5, "weighed": None}, {"seen": None, "weighed": None}, 0.0, None)


def test_absent_columns_are_named() -> None:
    """In one line."""
    with pytest.raises(FormulaError, match="found no net_purchase_days_365, net_spend_365, "):
        score_one({}, RULE)


def test_it_needs_no_library() -> None:
    """A process that scores a customer by the rule has loaded neither pandas nor NumPy."""
    loaded = "import features.loyalty.scoring_one, sys; print({'pandas', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"

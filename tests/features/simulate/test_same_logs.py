"""Logs of earlier releases can be drawn again: their digests stay."""

import hashlib

import pandas as pd
import pyarrow as pa
import pytest

from features.simulate import Action, Truth, simulate

TRUTHS = {
    "default": Truth(),
    "references_and_lags": Truth(references=True, recorded_lag_days=2.0, days=500, acquisition_days=300),
    "bg": Truth(dropout="bg", visit_confounding=2.0, response_follows=-0.5),
    "pareto": Truth(dropout="pareto", incentive_confounding=0.0),
    "none": Truth(dropout="none", days=200, acquisition_days=100),
    "plain": Truth.plain("bg"),
    "harmful": Truth(visits=(Action("phone", 2.0, -0.6), Action("email", 4.0, 0.3)), incentives=()),
    "no_effects": Truth().without_effects(),
}
DIGESTS = {
    "default": ("b8e2c5313951445a", "4b3b57c40a4df136"),
    "references_and_lags": ("b21b3865d9b522ce", "b768e965aab76139"),
    "bg": ("b4ca0c630e7ece18", "8cb74c2840dfc8f7"),
    "pareto": ("e5c2bc64b606a42c", "635105f9ad0a94f7"),
    "none": ("796291b33669f50a", "e80aed942388023f"),
    "plain": ("53b59daf77a26b87", "8b6aacc83e6f9510"),
    "harmful": ("612c19f46b7faf47", "7b6057826871359a"),
    "no_effects": ("59f9685a70beea79", "6257499508fb0839"),
}


def digest(log: pa.Table) -> str:
    """Return the digest of the rows as text: times are whole seconds, amounts whole cents and ratings whole numbers."""
    return hashlib.sha256(log.to_pandas().to_csv(index=False).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", TRUTHS)
def test_a_log_is_the_one_of_earlier_releases(name: str) -> None:
    """The same parameters, customers and seed draw the rows that they drew before worlds were added."""
    log, truth_table = simulate(TRUTHS[name], customers=700, seed=4, block=400)
    assert log.schema.names[-1] == "recorded_at"
    assert (digest(log), digest(pa.Table.from_pandas(_rounded(truth_table)))) == DIGESTS[name]


def _rounded(truth_table: pd.DataFrame) -> pd.DataFrame:
    # Exponentials differ in the last digits between processors.
    numbers = truth_table.select_dtypes("number")
    return truth_table.assign(**numbers.round(9))

"""Small experiments with known truth, drawn at random, and Hillstrom's where it is at hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

HILLSTROM = Path(__file__).parents[3] / "shared" / "data" / "hillstrom_email_test.parquet"


def purchases_of(rng, n, effect, share=0.5):
    """Counts of customers with very different rates, the group, a forecast and the rate: effect is a factor - 1."""
    rate = rng.gamma(0.5, 2.0, n)
    treated = rng.random(n) < share
    count = rng.poisson(rate * (1 + effect * treated))
    return count.astype(float), treated, np.log1p(rate * rng.uniform(0.5, 1.5, n)), rate


def hillstrom(arm):
    """Outcomes, group and covariates of one of Hillstrom's two e-mails beside no e-mail."""
    if not HILLSTROM.exists():
        pytest.skip("Hillstrom's test is not at hand: it may not be shipped")
    log = pd.read_parquet(HILLSTROM)
    log = log[log["treatment"].isin([arm, "No E-Mail"])].reset_index(drop=True)
    columns = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    features = pd.get_dummies(log[columns], drop_first=True, dtype=float).assign(log_history=np.log1p(log["history"]))
    return log[["visit", "conversion", "spend"]].astype(float), (log["treatment"] == arm).to_numpy(), features

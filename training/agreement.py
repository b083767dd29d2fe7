"""How alike two forecasts of the same customers are: in total, distribution, rank order and bands of churn."""

from math import nan

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, spearmanr

BANDS = (0.2, 0.4, 0.6, 0.8)
"""Edges between the bands of churn probability, in which a customer may move from version to version."""


def agreement(new: pd.DataFrame, old: pd.DataFrame) -> dict[str, float]:
    """Return how alike two forecasts are.

    Parameters
    ----------
    new, old : pandas.DataFrame
        `expected_purchases` (days) and `churn_probability` (0 to 1) of the same customers, finite.

    Returns
    -------
    dict of str to float
        `total`, the sum of the new expected purchases over that of the old ones; `distribution`, the
        Kolmogorov-Smirnov distance of the expected purchases, the largest difference of the two cumulative
        distributions (0 to 1); `rank_correlation`, Spearman's (-1 to 1); `band_changes`, the share of customers in
        another band of churn probability (0 to 1). NaN where undefined: a total of 0, or one forecast for all.

    Examples
    --------
    >>> new = pd.DataFrame({"expected_purchases": [1.0, 3.0], "churn_probability": [0.5, 0.1]})
    >>> old = pd.DataFrame({"expected_purchases": [1.0, 1.5], "churn_probability": [0.5, 0.3]})
    >>> {name: round(figure, 3) for name, figure in agreement(new, old).items()}
    {'total': 1.6, 'distribution': 0.5, 'rank_correlation': 1.0, 'band_changes': 0.5}
    """
    counts = [forecast["expected_purchases"].to_numpy() for forecast in (new, old)]
    bands = [np.digitize(forecast["churn_probability"], BANDS) for forecast in (new, old)]
    constant = any(np.ptp(values) == 0 for values in counts)
    total = counts[1].sum()
    return {
        "total": float(counts[0].sum() / total) if total else nan,
        # The statistic alone: its exact p-value, which nobody asks for, warns where it cannot be computed.
        "distribution": float(ks_2samp(*counts, method="asymp").statistic),
        "rank_correlation": nan if constant else float(spearmanr(*counts).statistic),
        "band_changes": float(np.mean(bands[0] != bands[1])),
    }

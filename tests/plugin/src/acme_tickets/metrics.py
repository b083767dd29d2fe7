"""A metric of lists: how much of the purchases a list of the best customers holds."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def top_tenth_share(y: NDArray[np.int64], forecast: pd.DataFrame) -> float:
    """Return the share of all purchases that the tenth of customers with the highest forecasts makes."""
    order = np.argsort(-forecast["expected_purchases"].to_numpy(), kind="stable")
    return float(y[order[: max(len(y) // 10, 1)]].sum() / max(y.sum(), 1))


top_tenth_share.greater_is_better = True  # type: ignore[attr-defined]

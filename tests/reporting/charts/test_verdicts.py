"""The small multiples of verdicts: differences for each 100 customers, coloured by who is ahead."""

import pandas as pd
import pytest

from reporting.charts.verdicts import verdict_chart


def test_differences_are_per_hundred_customers_and_coloured_by_verdict():
    """A list of 50 doubles its difference; the legend has the verdicts that occur, in a stated order."""
    rows = pd.DataFrame(
        {
            "date": ["2024-01-01", "2024-04-01"],
            "list": [50, 200],
            "difference": [3.0, -10.0],
            "low": [1.0, -30.0],
            "high": [5.0, 10.0],
        }
    )
    specification = verdict_chart(rows).to_dict()
    held = next(data for data in specification["datasets"].values() if "date" in data[0])
    assert [row["difference"] for row in held] == pytest.approx([6.0, -5.0])
    assert [row["high"] for row in held] == pytest.approx([10.0, 5.0])
    assert [row["name"] for row in held] == ["@t:stability.model", "@t:stability.open"]

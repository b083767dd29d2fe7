"""The page of a fit's trials: one file with every forecast, measure and date."""

import math
import re

import pandas as pd

from training.comparison_page import comparison_page


def measures() -> pd.DataFrame:
    index = pd.MultiIndex.from_product(
        [["2011-06-13", "2011-09-11"], [30, 90], ["model", "<b>zero"]], names=["date", "horizon", "forecast"]
    )
    columns = {"deviance": [0.5, 1.25] * 4, "auc": [0.8, math.nan] * 4, "coverage": [math.nan] * 8}
    return pd.DataFrame(columns, index)


def test_every_forecast_is_a_row_at_every_date_and_horizon() -> None:
    """The best value of a measure is bold; one that is undefined for all has no column."""
    page = comparison_page(measures(), "Trials of bold")
    assert page.count('<th scope="row">model</th><td class="best">0.500</td><td class="best">0.800</td></tr>') == 4
    assert page.count("<td>1.250</td><td>-</td></tr>") == 4
    assert re.findall("<h2>(.*)</h2>", page) == ["30 days", "90 days"]
    assert "coverage" not in page
    assert page.count("<svg") == 2  # the deviance over each horizon; a plot of log loss needs one


def test_the_page_loads_nothing_and_escapes_names() -> None:
    """No script, no other file, and the name of a forecast is text."""
    page = comparison_page(measures(), "Trials of <i>")
    assert "&lt;b&gt;zero" in page
    assert "<b>zero" not in page
    assert "<title>Trials of &lt;i&gt;</title>" in page
    assert not re.search(r"<script|<link|<img|\bsrc=", page)

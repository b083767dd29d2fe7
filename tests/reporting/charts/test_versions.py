"""The charts of two versions: shares of the customers in each group, and a point per customer."""

import pandas as pd
import pytest

from reporting.charts.versions import distribution_chart, forecast_scatter, group_label


@pytest.mark.parametrize(
    ("start", "end", "churn", "text"),
    [(0.1, 0.2, False, "0.1 – 0.2"), (10.0, float("nan"), False, "≥ 10"), (0.2, 0.4, True, "20 – 40 %")],
)
def test_groups_have_names_that_people_read(start, end, churn, text):
    """The last one has no upper edge; probabilities are per cent."""
    assert group_label(start, end, churn) == text


def test_shares_of_each_version_sum_to_one(tables):
    """Two bars for each group, named by the versions' numbers."""
    groups = tables["distribution"].query("forecast == 'churn_probability'")
    drawn = distribution_chart(groups, (1, 2), "distribution.churn_probability").to_dict()
    rows = pd.DataFrame(next(iter(drawn["datasets"].values())))
    assert rows.groupby("which")["share"].sum().tolist() == pytest.approx([1, 1], abs=1e-4)
    assert set(rows["which"]) == {f'@t:versions.version|{{"number": "{n}"}}' for n in (1, 2)}


def test_the_scatter_has_every_customer_given(tables):
    """By both forecasts, on equal axes."""
    customers = tables["forecasts"]
    drawn = forecast_scatter(customers, (1, 2)).to_dict()
    points = max(drawn["datasets"].values(), key=len)
    assert [row["customer_id"] for row in points] == customers["customer_id"].tolist()
    encoding = drawn["layer"][1]["encoding"]
    assert encoding["x"]["scale"] == encoding["y"]["scale"]

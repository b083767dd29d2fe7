"""The tables of two versions, against pandas and SciPy on the forecasts themselves."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from reporting.cover import versions_cover
from reporting.export import data_dictionary, write_tables
from reporting.version_tables import agreement_table, forecast_table, movers, summary_json, version_tables
from reporting.workbook import write_workbook
from training.evaluation.evaluation import measures


def test_totals_and_agreement_are_those_of_the_forecasts(compared, tables):
    """Sums of each side; ratio, rank correlation, distance of the distributions, and who changes band."""
    first, second = (compared.forecasts[side] for side in ("first", "second"))
    totals = tables["totals"].set_index("side")["expected_purchases"]
    assert totals.tolist() == pytest.approx([first["expected_purchases"].sum(), second["expected_purchases"].sum()])
    figures = tables["version_agreement"].set_index("figure")["value"]
    assert figures["total_ratio"] == pytest.approx(totals["second"] / totals["first"])
    correlation = spearmanr(first["expected_purchases"], second["expected_purchases"]).statistic
    assert figures["rank_correlation"] == pytest.approx(correlation)
    x, y = (np.sort(each["expected_purchases"]) for each in (first, second))
    at = np.concatenate([x, y])
    gaps = np.abs(np.searchsorted(x, at, "right") / len(x) - np.searchsorted(y, at, "right") / len(y))
    assert figures["distance"] == pytest.approx(gaps.max())
    edges = [-0.1, 0.2 - 1e-12, 0.4 - 1e-12, 0.6 - 1e-12, 0.8 - 1e-12, 1.1]
    bands = [pd.cut(each["churn_probability"], edges, labels=False) for each in (first, second)]
    assert figures["band_changes"] == pytest.approx((bands[0] != bands[1]).mean())
    crossed = tables["bands"].set_index(["first", "second"])["customers"].unstack().to_numpy()
    assert (
        crossed.tolist() == pd.crosstab(*bands).reindex(index=range(5), columns=range(5), fill_value=0).values.tolist()
    )


def test_groups_segments_and_customers_add_up(compared, tables):
    """Each group of each side holds all customers, and so do the segments, with all of the totals."""
    n = len(compared.features)
    for _, groups in tables["distribution"].groupby("forecast"):
        assert groups["first"].sum() == groups["second"].sum() == n
    segments, totals = tables["segment_changes"], tables["totals"].set_index("side")["expected_purchases"]
    assert segments["customers"].sum() == n
    assert [segments["first"].sum(), segments["second"].sum()] == pytest.approx(totals.tolist())
    customers = tables["forecasts"].set_index("customer_id")
    assert sorted(customers.index) == sorted(compared.features.index)
    assert customers["change"].abs().is_monotonic_decreasing
    assert segments["band_changes"].sum() == customers["band_changed"].sum()


def test_the_largest_changes_are_split_by_direction(tables):
    """The highest first each way, and never one that goes the other way."""
    customers = tables["forecasts"]
    up, down = movers(customers, True, 5), movers(customers, False, 5)
    assert up["change"].tolist() == customers["change"][customers["change"] > 0].nlargest(5).tolist()
    assert down["change"].tolist() == customers["change"][customers["change"] < 0].nsmallest(5).tolist()


def test_measures_are_of_the_outcome_alone(compared, tables):
    """Of both versions where the horizon is over; of none before, nor of one that has seen the outcome."""
    expected = measures(compared.purchases, compared.forecasts)
    found = tables["version_measures"].set_index("side")
    assert found["version"].tolist() == [1, 2]
    pd.testing.assert_frame_equal(found.drop(columns="version"), expected, check_names=False)
    differences = tables["version_differences"].set_index("measure")
    loss = expected["deviance"]
    assert differences.loc["deviance", "difference"] == pytest.approx(loss["second"] - loss["first"])
    assert (differences["low"] <= differences["difference"]).all()
    few = version_tables(compared, ("deviance",))["version_measures"]
    assert list(few) == ["side", "version", "deviance"]
    unknown = version_tables(replace(compared, purchases=None))
    assert unknown["version_measures"].empty
    assert unknown["version_differences"].empty
    assert "purchases" not in unknown["forecasts"]


def test_the_summary_is_json_without_single_customers(compared, tables):
    """All figures, null for what is undefined, and the largest changes."""
    found = json.loads(summary_json(compared, tables))
    assert found["customers"] == len(compared.features)
    assert found["totals"][0]["expected_purchases"] == tables["totals"]["expected_purchases"][0]
    assert found["distribution"][7]["to"] is None
    assert len(found["movers"]["up"]) == 20
    assert "forecasts" not in found


def test_every_column_is_described_and_every_file_written(compared, tables, tmp_path):
    """Workbook, Parquet and CSV, as for the report."""
    dictionary = data_dictionary(tables)
    columns = {(name, str(column)) for name, table in tables.items() for column in table}
    assert {(row.table, row.column) for row in dictionary.itertuples() if row.column} == columns
    write_tables(tmp_path / "tables", tables)
    write_workbook(tmp_path / "report.xlsx", tables, versions_cover(compared, []))
    read = pd.read_parquet(tmp_path / "tables" / "forecasts.parquet")
    pd.testing.assert_frame_equal(read, tables["forecasts"], check_dtype=False)


def test_equal_versions_agree_in_everything(compared):
    """No change, nobody in another band; with one forecast for all there is no rank correlation."""
    first = compared.forecasts["first"]
    equal = forecast_table(replace(compared, forecasts={"first": first, "second": first}))
    figures = agreement_table(equal)
    assert figures["value"].tolist() == [1, 1, pytest.approx(1), 0, 0, 1, 0, 0]
    flat = first.assign(expected_purchases=1.0)
    constant = agreement_table(forecast_table(replace(compared, forecasts={"first": first, "second": flat})))
    assert np.isnan(constant.set_index("figure").loc["rank_correlation", "value"])

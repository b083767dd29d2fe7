"""Charts of the base: the figures of their tables, each group and index with its text."""

from reporting.charts.base_over_time import cohort_chart, group_chart, index_chart


def rows_of(chart) -> list[dict]:
    found = []
    for rows in chart.to_dict()["datasets"].values():
        found += rows
    return found


def test_an_index_without_values_is_left_out(report):
    """Every point is one of the table, and an index without any value has no line."""
    table = report.tables["base_indices"].assign(loyalty=float("nan"))
    rows = rows_of(index_chart(table))
    assert {row["index"] for row in rows} == {"@t:base.satisfaction", "@t:base.purchases"}
    shown = [row["value"] for row in rows if row["index"] == "@t:base.purchases"]
    assert shown == table["purchases"].dropna().tolist()


def test_the_shares_of_a_date_are_stacked_to_one(report):
    """Bands and segments: each date's shares add up to 1, the groups in the order of the table."""
    for kind in ("band", "segment"):
        rows = rows_of(group_chart(report.tables["base_groups"], kind))
        by_date = {}
        for row in rows:
            by_date[row["as_of"]] = by_date.get(row["as_of"], 0) + row["share"]
        assert all(abs(total - 1) < 1e-9 for total in by_date.values())
        first = next(iter(by_date))
        assert [row["order"] for row in rows if row["as_of"] == first] == list(range(len(rows) // len(by_date)))


def test_retention_is_written_in_whole_per_cent(report):
    """The periods after the first one, each with the share of the table."""
    cohorts = report.tables["base_cohorts"]
    rows = rows_of(cohort_chart(cohorts))
    later = cohorts[cohorts["period"] > 0]
    assert sorted({(row["cohort"], row["period"], row["text"]) for row in rows}) == sorted(
        (row.cohort, row.period, f"{row.retention:.0%}") for row in later.itertuples()
    )

"""Charts of the weights: rows of the tables, each pair told apart."""

from reporting.charts.weights import sensitivity_chart, weight_chart


def test_a_higher_weight_is_up(report):
    """Each row of the table has the text of its direction; a part that moves nobody is left out."""
    table = report.tables["sensitivity"]
    still = table.groupby("part")["share"].max()
    table = table[table["part"].isin(still.index[still > 0])]
    (rows,) = sensitivity_chart(table).to_dict()["datasets"].values()
    texts = {True: "@t:label.weight_up", False: "@t:label.weight_down"}
    assert [row["moved"] for row in rows] == [texts[change > 0] for change in table["change"]]


def test_current_and_suggested_weights_are_told_apart(report):
    """Both columns of the table, each with its text; only parts that have data."""
    table = report.tables["weights"]
    (rows,) = weight_chart(table, set(table["part"])).to_dict()["datasets"].values()
    for column, text in (("now", "@t:label.weight_now"), ("suggested", "@t:label.weight_suggested")):
        assert [row["share"] for row in rows if row["which"] == text] == table[column].round(4).tolist()
    (rows,) = weight_chart(table, {"amount"}).to_dict()["datasets"].values()
    assert {row["part"] for row in rows} == {"@t:part.amount"}

"""What the page's script is given of the lists: each customer once, in the order of the tables."""

from reporting.page.contact_data import contact_data


def test_positions_lead_back_to_the_table(report):
    """Every list has the table's customers, reasons and steps, in its order."""
    data = contact_data(report.tables)
    ids = data["customers"]["customer_id"]
    assert len(ids) == len(set(ids))
    for (purpose, side), members in report.tables["contact_lists"].groupby(["purpose", "side"]):
        order = data["order"][purpose][side]
        assert [ids[at] for at in order["customer"]] == members["customer_id"].tolist()
        assert [data["reasons"][at] for at in order["reason"]] == members["reason"].tolist()
        assert [data["next_step"][at] for at in order["customer"]] == members["next_step"].tolist()


def test_the_headline_is_where_the_slider_starts(report):
    """Its length is among the figures of each purpose."""
    data = contact_data(report.tables)
    for purpose in data["purposes"]:
        lengths = {row["list"] for row in data["figures"] if row["purpose"] == purpose}
        assert data["headline"][purpose] in lengths

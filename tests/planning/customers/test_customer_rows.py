"""What a row of the customers' table says, and what it leaves as it was."""

from planning.customers.customer_rows import CHANNELS, checked_versions, complete
from planning.text_rows import Faults, TextRow


def version(**cells: str) -> dict[str, object]:
    faults = Faults()
    [found] = checked_versions([TextRow("f", 1, {"customer_id": "c", **cells})], "UTC", 2**60, faults)
    assert not faults.rows
    return found


def test_opt_outs_are_the_union_of_their_columns() -> None:
    """A list and a column a channel; `all` is every channel, and a no adds nothing."""
    assert version(opted_out="email", opted_out_phone="yes", opted_out_coupon="no")["opted_out"] == ["email", "phone"]
    assert version(opted_out="all")["opted_out"] == sorted(CHANNELS)


def test_what_a_file_has_no_column_for_stays() -> None:
    """A blank cell of a column that it has is empty then."""
    before = complete(version(rep="R1", opted_out="email", tier="gold", size="3"), ["rep", "opted_out"], None)
    after = complete(version(tier="silver"), ["customer_id", "rep", "tier"], before)
    assert (after["rep"], after["opted_out"]) == (None, ["email"])
    assert after["attributes"] == {"size": "3", "tier": "silver"}
    assert complete(version(), ["customer_id", "opted_out_email"], before)["opted_out"] == ["email"]
    assert complete(version(opted_out_email="no"), ["customer_id", "opted_out_email"], before)["opted_out"] == []

"""A count has its noun."""

from features.plurals import counted


def test_one_of_a_thing_is_in_the_singular() -> None:
    """None and many are in the plural, and thousands are set apart."""
    assert [counted(number, "row") for number in (0, 1, 1200)] == ["0 rows", "1 row", "1,200 rows"]

"""A source profile is read from TOML, checked key by key, and refused in one line that names the key."""

from pathlib import Path

import pytest

from features.errors import ProfileError
from features.ingestion.profile import SourceProfile, load_profile, parse_profile, profile_names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[colums]", "unknown section 'colums': did you mean 'columns'?"),
        ("[columns]\nclient = 'x'", "unknown column of the contract 'client'"),
        ("[columns]\nevent_tme = 'x'", "did you mean 'event_time'?"),
        ("[columns]\namount = 1", "columns.amount is 1"),
        ("columns = 1", "write \\[columns\\] above its keys"),
        ("[times]\nformats = ['%d']", "did you mean 'format'?"),
        ("[times]\nformat = 1", "times.format is 1"),
        ("[amounts]\nunit = 'pence'", "expected one of 'currency', 'cents'"),
        ("[amounts]\ndecimal = ','\nthousands = ','", "both ','"),
        ("[amounts]\nthousands = '_'", "amounts.thousands is '_'"),
        ("[amounts]\nexpression = 'a.b'", "expected column names"),
        ("[event_types]\nvalues = {order = 'buy'}", "event_types.values.order is 'buy'"),
        ("[event_types]\nprefixes = {C = 'return'}", "give event_types.prefix_column"),
        ("[rows]\none_event_per = 'Invoice'", 'expected "reference"'),
        ("[rows]\nleave_out = {Status = 'voided'}", "rows.leave_out"),
        ("[quarantine]\nmaximum_share = 2", "expected 0 to 1"),
        ("[", "is not TOML"),
    ],
)
def test_a_wrong_profile_is_one_line(text: str, message: str) -> None:
    """It names the profile, the key, and what is expected."""
    with pytest.raises(ProfileError, match=message) as refusal:
        parse_profile(text, "own.toml")
    assert str(refusal.value).startswith("the profile own.toml")
    assert "\n" not in str(refusal.value)


def test_a_text_counts_as_a_list_of_one_format() -> None:
    """Most sources write all times alike."""
    assert parse_profile("[times]\nformat = '%d/%m/%Y'", "x").times.format == ("%d/%m/%Y",)


def test_the_columns_that_must_be_there() -> None:
    """Those of expressions, filters, prefixes and currencies, each once."""
    text = """
    [amounts]
    expression = 'Quantity * "Unit price"'
    add = ["Tax"]
    [rows]
    leave_out = {Status = ["void"]}
    [event_types]
    prefix_column = "Invoice"
    prefixes = {C = "return"}
    [currency]
    column = "Status"
    """
    assert parse_profile(text, "x").own_columns() == ["Quantity", "Unit price", "Tax", "Invoice", "Status"]


def test_values_are_replaced_section_by_section() -> None:
    """The others stay, and mappings of columns grow."""
    profile = SourceProfile(columns={"customer_id": "Client"})
    changed = profile.with_values(columns={"amount": "Total"}, amounts={"unit": "cents"})
    assert changed.columns == {"customer_id": "Client", "amount": "Total"}
    assert (changed.amounts.unit, changed.times) == ("cents", profile.times)


def test_every_profile_that_comes_along_is_right() -> None:
    """Each is found by its name."""
    assert "plain" in profile_names()
    for name in profile_names():
        profile = load_profile(name)
        assert {"customer_id", "event_time"} <= {*profile.columns, *profile.constants}


def test_a_profile_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """It names those that are."""
    with pytest.raises(ProfileError, match="did you mean plain"):
        load_profile("plan")
    with pytest.raises(ProfileError, match="give a file, or one of"):
        load_profile(tmp_path / "nothing.toml")


def test_a_table_of_rates_lies_beside_its_profile(tmp_path: Path) -> None:
    """Whatever the working directory."""
    file = tmp_path / "own.toml"
    file.write_text('[currency]\ncolumn = "Currency"\nkeep = "EUR"\nrates = "rates.csv"\n')
    assert load_profile(file).currency.rates == str(tmp_path / "rates.csv")

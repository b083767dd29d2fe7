"""A profile is written as a commented TOML file that reads back as the same profile."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ingestion.profile import load_profile, parse_profile, profile_names
from features.ingestion.profile_writer import profile_text, settings_of, toml_value


@pytest.mark.parametrize("name", profile_names())
def test_a_profile_reads_back_as_it_was_written(name: str) -> None:
    """Every profile that comes along."""
    profile = load_profile(name)
    assert parse_profile(profile_text(profile), name) == profile


def test_keys_are_commented() -> None:
    """A key has its own comment where one is given; a key that is not set may be shown as a comment."""
    text = profile_text(load_profile("plain"), {"columns.event_time": "certain", "amounts.decimal": "which mark?"})
    assert "# certain\nevent_time = " in text
    assert '# which mark?\n# decimal = ""' in text
    assert "[currency]" not in text


def test_what_a_profile_says_beside_columns_can_be_listed() -> None:
    """Each key that is set, with its value as TOML."""
    profile = parse_profile('[columns]\ncustomer_id = "x"\n[amounts]\nunit = "cents"\n[rows]\nkeep = {a = ["b"]}', "it")
    assert settings_of(profile) == [("amounts.unit", '"cents"'), ("rows.keep", '{"a" = ["b"]}')]
    assert settings_of(load_profile("plain")) == []


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_a_toml_string(text: str) -> None:
    """Quotes, line ends and control characters too."""
    assert tomllib.loads(f"x = {toml_value(text)}") == {"x": text}

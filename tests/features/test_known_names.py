"""A name that is not known is an error that says which one was meant, and which there are."""

import pytest

from features.errors import ProfileError, SettingsFileError
from features.known_names import check_name, nearest_name


def test_a_known_name_passes() -> None:
    """As it is written, whatever the others are."""
    check_name("unknown key", "rows", ["columns", "rows"], ProfileError)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("colums", "unknown key 'colums': did you mean 'columns'? There are columns, one_event_per"),
        (
            "One-Event-Per",
            "unknown key 'One-Event-Per': did you mean 'one_event_per'? There are columns, one_event_per",
        ),
        ("x", "unknown key 'x': There are columns, one_event_per"),
    ],
)
def test_another_name_is_an_error(name: str, message: str) -> None:
    """Of the class that was asked for; capitals and hyphens do not hide what was meant."""
    with pytest.raises(SettingsFileError) as raised:
        check_name("unknown key", name, iter(["columns", "one_event_per"]), SettingsFileError)
    assert str(raised.value) == message


def test_the_nearest_name_has_its_own_spelling() -> None:
    """Whatever the capitals of either; None where none is near."""
    assert nearest_name("phon", ["EMAIL", "PHONE"]) == "PHONE"
    assert nearest_name("ONE-EVENT", ["one_event"]) == "one_event"
    assert nearest_name("x", ["EMAIL", "PHONE"]) is None

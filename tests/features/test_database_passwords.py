"""No text that is shown has a database's password."""

import pytest

from features.database_passwords import PASSWORD_VARIABLE, database_message, database_password, without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:pass@host/db", "postgresql://me:***@host/db"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("postgresql://host/db?user=me&password=pass&x=1", "postgresql://host/db?user=me&password=***&x=1"),
        ("mysql://me:p@ss:w/ord@host/db", "mysql://me:***@host/db"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        (
            "https://host/a.csv?X-Amz-Signature=abc&x=1&sas_token=d",
            "https://host/a.csv?X-Amz-Signature=***&x=1&sas_token=***",
        ),
        ("sqlite:///a.db", "sqlite:///a.db"),
        ("sqlite:////data/a:b@c.db", "sqlite:////data/a:b@c.db"),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    """Nor is anything else left out."""
    assert without_password(url) == shown


@pytest.mark.parametrize("written", ["p@ss w", "p%40ss%20w"])
def test_a_message_of_the_database_has_no_password(written: str) -> None:
    """Neither the one of the address nor the one that is given, as they are or quoted, on one line."""
    url = f"postgresql://me:{written}@host/db"
    assert database_message("no\n  such user p@ss w", url, None) == "no such user ***"
    assert database_message("p%40ss%20w is wrong", "postgresql://host/db", "p@ss w") == "*** is wrong"


def test_a_given_password_goes_before_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is none."""
    monkeypatch.setenv(PASSWORD_VARIABLE, "theirs")
    assert [database_password("ours"), database_password(None)] == ["ours", "theirs"]
    monkeypatch.setenv(PASSWORD_VARIABLE, "")
    assert database_password(None) is None

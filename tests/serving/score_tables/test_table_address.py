"""The address of a table: what is one, what is none, and that no password is shown."""

from pathlib import Path

import pytest

from features.errors import BatchScoresError
from serving.score_tables.table_address import is_table_address, read_table_address


def test_an_address_has_database_and_table() -> None:
    """Parameters of libpq stay with the database, in any place beside the table's."""
    for text in ("postgres://a@h:1/d?sslmode=verify-full&table=x", "postgres://a@h:1/d?table=x&sslmode=verify-full"):
        found = read_table_address(text)
        assert (found.url, found.schema, found.table) == ("postgres://a@h:1/d?sslmode=verify-full", None, "x")
        assert str(found) == "postgres://a@h:1/d?sslmode=verify-full&table=x"
    assert read_table_address("postgresql://h/d?table=crm.x").quoted == '"crm"."x"'
    assert read_table_address("postgresql://h/d?table=crm.x").quoted_runs == '"crm"."x_runs"'
    assert read_table_address("sqlite:////a%20b/c.db?table=x").file == Path("/a b/c.db")
    assert read_table_address("sqlite:///c.db?table=x").file == Path("c.db")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("postgresql://ann:hidden@h/d", "names no table: write it like postgresql://"),
        ("postgresql://ann:hidden@h/d?table=x&table=y", "names two tables"),
        ("postgresql://ann:hidden@h/d?table=X", "names the table 'X': expected a name, or a schema, a dot and a name,"),
        ('postgresql://ann:hidden@h/d?table=x"y', "of lower-case letters, digits and _"),
        ("postgresql://ann@h/d?password=hidden&table=" + "x" * 59, "names the table"),
        ("mysql://ann:hidden@h/d?table=x", "is no table of scores"),
        ("https://ann:hidden@h/d?table=x", "is no table of scores"),
        ("sqlite://x.db?table=x", "is no table of scores"),
        ("sqlite:///x.db?table=a.x", "expected a name of lower-case letters"),
        ("sqlite:///x.db?table=x&mode=ro", "no other parameter"),
    ],
)
def test_what_names_no_table_is_refused_in_a_line(text: str, words: str) -> None:
    """With what was expected, and without the password."""
    with pytest.raises(BatchScoresError) as caught:
        read_table_address(text)
    assert words in str(caught.value)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_path_is_no_address() -> None:
    """Files and folders have no `://`."""
    assert [is_table_address(each) for each in ("scores", Path("a/b.parquet"), "sqlite:///x")] == [False, False, True]

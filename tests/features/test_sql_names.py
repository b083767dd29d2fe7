"""Names in SQL."""

import sqlite3
from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from features.sql_names import quoted


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1))
def test_a_quoted_name_is_the_name(name: str) -> None:
    """A column of any name is called so by the database."""
    with closing(sqlite3.connect(":memory:")) as database:
        cursor = database.execute(f"SELECT 1 AS {quoted(name)}")
        assert cursor.description[0][0] == name

"""Names in SQL."""


def quoted(name: str) -> str:
    """Return the name of a table or column as SQL quotes it.

    Examples
    --------
    >>> print(quoted('the "id" column'))
    "the ""id"" column"
    """
    return '"' + name.replace('"', '""') + '"'

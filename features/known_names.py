"""Checks a name against those that there are, and says which one was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from features.errors import RegularsError


def check_name(what: str, name: str, known: Iterable[str], error: type[RegularsError]) -> None:
    """Raise an error for a name that is not known.

    Parameters
    ----------
    what : str
        What the name is of, as the message begins: "unknown section".
    name : str
    known : iterable of str
    error : type
        The class of the error.

    Examples
    --------
    >>> from features.errors import ProfileError
    >>> check_name("unknown section", "colums", ["columns", "rows"], ProfileError)
    Traceback (most recent call last):
    features.errors.ProfileError: unknown section 'colums': did you mean 'columns'? There are columns, rows
    """
    names = list(known)
    if name not in names:
        near = nearest_name(name, names)
        hint = f"did you mean {near!r}? " if near else ""
        raise error(f"{what} {name!r}: {hint}There are {', '.join(names)}")


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, in its own spelling; None if none is near.

    Capitals do not matter, nor does a hyphen in the place of an underscore.
    """
    names = {each.lower(): each for each in known}
    near = get_close_matches(name.lower().replace("-", "_"), names, 1)
    return names[near[0]] if near else None

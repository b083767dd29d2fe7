"""Errors of libraries in one line."""


def first_line(error: Exception) -> str:
    """Return the first line of an error that says something, else the name of its kind.

    Examples
    --------
    >>> first_line(OSError("no room\\non the disk")), first_line(OSError())
    ('no room', 'OSError')
    """
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)

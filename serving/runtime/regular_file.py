"""Reads small files that other programs write, without waiting for what is no regular file."""

import errno
import os
import stat
from pathlib import Path

LARGEST = 2**20


def read_regular(path: str | Path, maximum_bytes: int = LARGEST) -> bytes:
    """Return the content of a small regular file.

    Opening a named pipe waits until somebody writes to it, and a device may have no end. Neither must stop the service.

    Parameters
    ----------
    path : str or Path
        The file, or a link to it.
    maximum_bytes : int
        The largest file that is read.

    Raises
    ------
    OSError
        When it cannot be read, is no regular file, or is larger.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(maximum_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > maximum_bytes:
        raise OSError(errno.EFBIG, f"has more than {maximum_bytes} bytes", str(path))
    return content

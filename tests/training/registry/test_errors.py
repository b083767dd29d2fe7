"""Errors of tracking: one line with the remedy, and never a password."""

import pytest

from features.errors import TrackingError
from training.registry.errors import NO_ANSWER, NO_ROOM, one_line_errors, without_password

URI = "postgresql://me:secret@shop/mlflow"


def message(text: str) -> str:
    with pytest.raises(TrackingError) as raised, one_line_errors(URI, OSError):
        raise OSError(text)
    return str(raised.value)


def test_an_error_is_one_line_that_names_the_store_without_its_password() -> None:
    """Line breaks become blanks, SQL is cut off, and the address is shown without user and password."""
    text = message(f"cannot reach\n{URI}\n[SQL: SELECT secret]")
    assert text == "tracking at postgresql://shop/mlflow: cannot reach postgresql://shop/mlflow"


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("Disk quota exceeded", NO_ROOM),
        ("Connection refused", NO_ANSWER),
        ("database is locked", "in use by another process: wait until that one is done, or end it"),
        ("attempt to write a readonly database", "cannot be written: correct its permissions"),
    ],
)
def test_a_known_error_comes_with_its_remedy(text: str, remedy: str) -> None:
    """The remedy stands before the error's own text."""
    assert message(text) == f"tracking at postgresql://shop/mlflow: {remedy} ({text})"


def test_a_full_disk_is_recognised_behind_an_error_that_does_not_tell() -> None:
    """MLflow says which files it could not copy; why is in the error that it caught."""
    unclear = ValueError("files that cannot be copied")
    unclear.__cause__ = OSError(28, "No space left on device")
    with pytest.raises(TrackingError, match=r"no room on the disk.*cannot be copied"), one_line_errors(URI, ValueError):
        raise unclear


def test_other_errors_pass_as_they_are() -> None:
    """A fault of ours keeps its class, and a TrackingError its text."""
    with pytest.raises(ZeroDivisionError), one_line_errors(URI, OSError):
        raise ZeroDivisionError
    with pytest.raises(TrackingError, match=r"^as it was$"), one_line_errors(URI, Exception):
        raise TrackingError("as it was")


def test_an_address_without_a_password_stays() -> None:
    """Files have none."""
    assert without_password("sqlite:///folder/me@work/mlflow.db") == "sqlite:///folder/me@work/mlflow.db"
    assert without_password("http://me@shop:5000") == "http://shop:5000"

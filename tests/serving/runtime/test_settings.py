"""Settings come from the environment, and what cannot be used is refused by name."""

from pathlib import Path

import pytest

from features.errors import SettingsError
from serving.runtime.settings import Settings, read_settings, worker_count


def test_without_any_there_are_defaults() -> None:
    """An empty variable is as good as none."""
    assert (
        read_settings({})
        == read_settings({"REGULARS_KEYS": "", "REGULARS_RATE": "", "REGULARS_TIMEZONE": ""})
        == Settings()
    )
    assert worker_count({}) == worker_count({"REGULARS_WORKERS": ""}) == 1


def test_all_are_read() -> None:
    """Each from its variable."""
    given = {
        "REGULARS_KEYS": "/k",
        "REGULARS_RATE": "5/second",
        "REGULARS_TIMEZONE": "Asia/Tokyo",
        "REGULARS_RATING_MAXIMUM": "100",
        "REGULARS_SCORES": "/s",
        "REGULARS_REPORT": "/r",
        "REGULARS_WATCH_SECONDS": "0.5",
    }
    assert read_settings(given) == Settings(Path("/k"), "5/second", "Asia/Tokyo", 100.0, Path("/s"), Path("/r"), 0.5)
    assert worker_count({"REGULARS_WORKERS": "4"}) == 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE", "fast"),
        ("TIMEZONE", "Mars/Olympus"),
        ("TIMEZONE", "../etc/passwd"),
        ("RATING_MAXIMUM", "0"),
        ("RATING_MAXIMUM", "2000000"),
        ("RATING_MAXIMUM", "ten"),
        ("WATCH_SECONDS", "0"),
        ("WATCH_SECONDS", "nan"),
        ("WATCH_SECONDS", "soon"),
        ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("WORKERS", "two"),
    ],
)
def test_what_cannot_be_used_is_refused(name: str, value: str) -> None:
    """With the name of the variable."""
    given = {f"REGULARS_{name}": value}
    with pytest.raises(SettingsError, match=f"REGULARS_{name}"):
        (read_settings(given), worker_count(given))

"""Settings of the service come from the file and the environment, and what cannot be used is refused by name."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.errors import InvalidArgumentError, RateLimitError, SettingsError
from serving.runtime.settings import OLDER_VARIABLES, ServeSettings, check_rate, serve_settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing set."""
    monkeypatch.setenv("REGULARS_CONFIG", "")
    for name in OLDER_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_without_any_there_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is as good as none, and days are those of UTC."""
    monkeypatch.setenv("REGULARS_SERVE_KEYS", "")
    monkeypatch.setenv("REGULARS_KEYS", "")
    assert serve_settings() == ServeSettings(timezone="UTC", rating_maximum=10.0)


def test_all_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """From the file, above it the variables of earlier releases, and above these the variables of today."""
    path = tmp_path / "regulars.toml"
    path.write_text(
        '[serve]\nhost = "127.0.0.2"\nport = 1\nworkers = 2\nkeys = "k"\nrate = "1/day"\nscores = "s"\n'
        'report = "r"\nplans = "p"\nwatch_seconds = 2\n[store]\ntimezone = "Asia/Seoul"\n'
        "[ingest]\nrating_maximum = 100\n"
    )
    monkeypatch.setenv("REGULARS_CONFIG", str(path))
    here = path.parent
    expected = ServeSettings(
        "127.0.0.2", 1, 2, here / "k", "1/day", str(here / "s"), here / "r", here / "p", "Asia/Seoul", 100.0, 2.0
    )
    assert serve_settings() == expected
    older = {"KEYS": "/k", "RATE": "5/second", "TIMEZONE": "Asia/Tokyo", "SCORES": "/s", "REPORT": "/r"}
    for name, value in {**older, "WATCH_SECONDS": "0.5", "WORKERS": "4"}.items():
        monkeypatch.setenv(f"REGULARS_{name}", value)
    monkeypatch.setenv("REGULARS_SERVE_KEYS", "/newer")
    paths = [Path("/newer"), "/s", Path("/r")]
    assert serve_settings() == ServeSettings(
        "127.0.0.2", 1, 4, paths[0], "5/second", *paths[1:], here / "p", "Asia/Tokyo", 100.0, 0.5
    )


def test_scores_are_a_path_or_the_address_of_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file of SQLite is beside the settings file too; an address without a table is refused."""
    path = tmp_path / "regulars.toml"
    monkeypatch.setenv("REGULARS_CONFIG", str(path))
    address = "postgresql://ann@db/shop?sslmode=verify-full&table=x"
    for given, expected in (
        (address, address),
        ("sqlite:///s.db?table=x", f"sqlite:///{tmp_path}/s.db?table=x"),
        ("sqlite:////s.db?table=x", "sqlite:////s.db?table=x"),
    ):
        path.write_text(f'[serve]\nscores = "{given}"\n')
        assert serve_settings().scores == expected
    monkeypatch.setenv("REGULARS_SERVE_SCORES", "postgresql://ann:hidden@db/shop")
    with pytest.raises(SettingsError, match="names no table") as caught:
        serve_settings()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RATE", "fast"),
        ("TIMEZONE", "Mars/Olympus"),
        ("TIMEZONE", "../etc/passwd"),
        ("SERVE_RATING_MAXIMUM", "2000000"),
        ("SERVE_RATING_MAXIMUM", "ten"),
        ("WATCH_SECONDS", "0"),
        ("WATCH_SECONDS", "nan"),
        ("WATCH_SECONDS", "soon"),
        ("WORKERS", "0"),
        ("WORKERS", "65"),
        ("WORKERS", "two"),
        ("SERVE_RATING_MAXIMUM", "0"),
        ("SERVE_PORT", "0"),
        ("SERVE_PORT", "http"),
        ("SERVE_RATE", "fast"),
        ("SERVE_BODIES_MEGABYTES", "63"),
        ("SERVE_BODIES_MEGABYTES", "1.5"),
        ("SERVE_SIGNED_SINCE", "yesterday"),
        ("SERVE_SIGNED_SINCE", "2026-11-27"),
    ],
)
def test_what_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """With the name of the variable."""
    monkeypatch.setenv(f"REGULARS_{name}", value)
    with pytest.raises(SettingsError, match=f"REGULARS_{name}"):
        serve_settings()


def test_a_rate_is_a_number_and_a_unit() -> None:
    """Anything else is refused with examples."""
    assert check_rate("100/second") == "100/second"
    with pytest.raises(RateLimitError, match="write it like 100/second"):
        check_rate("100 a second")


def test_signatures_count_from_a_time_on() -> None:
    """In UTC where it has no offset; without a trusted key there are none."""
    midnight = datetime(2026, 11, 27, tzinfo=UTC)
    for text in ("2026-11-27", "2026-11-27T09:00:00+09:00"):
        assert ServeSettings(trusted_key=Path("k"), signed_since=text).signed_since_time == midnight
    assert ServeSettings().signed_since_time is None
    with pytest.raises(InvalidArgumentError, match="signed_since needs a trusted_key"):
        ServeSettings(signed_since="2026-11-27")

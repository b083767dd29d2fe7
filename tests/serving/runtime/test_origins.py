"""Origins are taken in the form in which browsers send them; any other would match nothing, and is refused."""

import pytest

from features.errors import InvalidArgumentError, SettingsError
from serving.runtime.origins import check_origins
from serving.runtime.settings import ServeSettings, serve_settings

SENT = [
    "https://shop.example",
    "http://localhost:5173",
    "https://crm.shop.example:8443",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
    "https://xn--mnchen-3ya.example",
    "https://a_b.example",
    "capacitor://localhost",
    "chrome-extension://abcdefghijklmnop",
]


def test_what_browsers_send_is_taken() -> None:
    """Web pages, pages of this machine, hybrid apps and extensions; `*` alone is any, and no origin is none."""
    check_origins(SENT)
    check_origins(["*"])
    check_origins([])


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ("https://shop.example/", "write 'https://shop.example'"),
        ("https://shop.example/app?x=1#top", "write 'https://shop.example'"),
        ("HTTPS://Shop.Example", "write 'https://shop.example'"),
        ("https://shop.example:443", "write 'https://shop.example'"),
        ("http://shop.example:80", "write 'http://shop.example'"),
        ("http://shop.example:080", "write 'http://shop.example'"),
        ("https://user:secret@shop.example", "write 'https://shop.example'"),
        (" https://shop.example", "write 'https://shop.example'"),
        ("https://shop.example.", "write 'https://shop.example'"),
        ("https://münchen.example", "write 'https://xn--mnchen-3ya.example'"),
        ("http://[0:0:0:0:0:0:0:1]:8080", "write 'http://[::1]:8080'"),
        ("shop.example", "write it like"),
        ("//shop.example", "write it like"),
        ("localhost:5173", "write it like"),
        ("https://", "write it like"),
        ("https://*.shop.example", "write it like"),
        ("https://shop.example:99999", "write it like"),
        ("https://shop.example:http", "write it like"),
        ("https://shop example", "write it like"),
        ("https://[::1", "write it like"),
        ("https://a..b", "write it like"),
        ("file:///home/me/page.html", "write it like"),
        ("null", "write it like"),
        ("", "write it like"),
        ("https://a\nb", "write 'https://ab'"),
    ],
)
def test_another_form_is_refused_with_the_one_to_write(given: str, advice: str) -> None:
    """In one line, which quotes what was found."""
    with pytest.raises(InvalidArgumentError) as caught:
        check_origins(["https://fine.example", given])
    assert repr(given) in str(caught.value)
    assert advice in str(caught.value)
    assert "\n" not in str(caught.value)


def test_any_and_some_is_a_contradiction() -> None:
    """Whoever lists origins beside `*` believes that the list counts."""
    with pytest.raises(InvalidArgumentError, match="stands alone"):
        check_origins(["https://shop.example", "*"])


def test_the_settings_check_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment too, where they are written with commas."""
    monkeypatch.setenv("REGULARS_CONFIG", "")
    assert ServeSettings().cors_origins == ()
    monkeypatch.setenv("REGULARS_SERVE_CORS_ORIGINS", "https://shop.example, http://localhost:5173")
    assert serve_settings().cors_origins == ("https://shop.example", "http://localhost:5173")
    monkeypatch.setenv("REGULARS_SERVE_CORS_ORIGINS", "https://shop.example/")
    with pytest.raises(SettingsError, match=r"REGULARS_SERVE_CORS_ORIGINS: 'https://shop.example/' in cors_origins"):
        serve_settings()

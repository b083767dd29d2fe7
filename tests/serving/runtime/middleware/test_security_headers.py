"""Security headers are on every response."""

from tests.serving.runtime.conftest import Ask, bare, fine


def test_every_answer_has_the_headers_of_safety(ask: Ask) -> None:
    """What the application set itself is left as it is."""
    headers = ask(ask.app(fine)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["Cache-Control"] == "max-age=9"
    assert "cache-control" not in headers
    assert ask(ask.app(bare), "/livez").headers["cache-control"] == "no-store"

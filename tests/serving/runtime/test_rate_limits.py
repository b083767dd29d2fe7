"""Rate limits: each client up to the rate, and a waiting time that is enough."""

import pytest

from features.errors import RateLimitError
from serving.runtime.rate_limits import RateLimiter, parse_rate


def test_up_to_the_rate_and_no_further() -> None:
    """The eleventh call in an hour of ten waits, with whole seconds up to the window; another caller does not."""
    rates = RateLimiter()
    assert [rates.wait("shop", "10/hour") for _ in range(10)] == [0] * 10
    assert 1 <= rates.wait("shop", "10/hour") <= 3600
    assert rates.wait("office", "10/hour") == 0


@pytest.mark.parametrize("fraction", [0.0, 0.25, 0.5, 0.999])
def test_a_refused_request_waits_at_least_a_second(fraction: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """However soon the window ends, the wait is a whole second: 0 would let the request pass."""
    monkeypatch.setattr("time.time", lambda: 1_700_000_000 + fraction)
    limiter = RateLimiter()
    assert [limiter.wait("shop", "2/second") for _ in range(4)] == [0, 0, 1, 1]


def test_who_waits_as_told_may_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the seconds that it was told a caller gets in."""
    import time

    now = 1_700_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    rates, refused = RateLimiter(), 0
    for _ in range(200):
        if wait := rates.wait("shop", "6/minute"):
            refused += 1
            assert wait <= 60
            now += wait
            assert rates.wait("shop", "6/minute") == 0
        now += 1.7
    assert refused > 10


@pytest.mark.parametrize("rate", ["", "0/second", "10", "10/sec", "10 per second", "-1/second", "1/second; 2/day", 10])
def test_what_is_no_rate_is_refused(rate: object) -> None:
    """The message shows how to write one."""
    with pytest.raises(RateLimitError, match="write it like 100/second"):
        parse_rate(rate)

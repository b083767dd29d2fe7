"""Only requests with a key of the right scope, within their rate limit, and not too many at once, pass."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from serving.runtime.api_keys import KeyRing, add_key
from tests.serving.runtime.conftest import Ask, fine


def test_too_many_at_once_are_told_to_come_again(ask: Ask) -> None:
    """503 with Retry-After, while health is still answered."""

    async def crowd(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/score":
            await asyncio.sleep(0.2)
        await fine(scope, receive, send)

    app = ask.app(crowd, in_flight=3)

    async def one(path: str) -> int:
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app({"type": "http", "method": "POST", "path": path, "headers": []}, send, send)  # type: ignore[arg-type]
        return int(sent[0]["status"])

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*map(one, ["/score"] * 5 + ["/readyz"]))

    assert asyncio.run(all_of_them()) == [200, 200, 200, 503, 503, 200]


@pytest.fixture
def ring(tmp_path: Path) -> tuple[KeyRing, dict[str, str]]:
    """Keys of an app, an office that sees the page, and a monitor; and their secrets."""
    file = tmp_path / "keys.toml"
    secrets = {
        "shop": add_key(file, "shop", ["score"]),
        "office": add_key(file, "office", ["page", "score", "customers"], "3/hour"),
        "monitor": add_key(file, "monitor", ["metrics"]),
        "crm": add_key(file, "crm", ["plan"]),
    }
    return KeyRing(file, lambda **_: None), secrets


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/score", "shop", 200),
        ("/score", "monitor", 403),
        ("/score", None, 401),
        ("/score_customers", "shop", 403),
        ("/score_customers", "office", 200),
        ("/versions", "shop", 200),
        ("/versions", None, 401),
        ("/metrics", "monitor", 200),
        ("/metrics", "shop", 403),
        ("/metrics", None, 401),
        ("/", "office", 200),
        ("/", "shop", 403),
        ("/", None, 401),
        ("/plans", "crm", 200),
        ("/plans/2026-W48-9c1f02ab/items", "crm", 200),
        ("/plans/2026-W48-9c1f02ab/records", "crm", 200),
        ("/plans/2026-W48-9c1f02ab/reps/r07.html", "crm", 200),
        ("/plans/2026-W48-9c1f02ab/items", "shop", 403),
        ("/plans/2026-W48-9c1f02ab/records", "office", 403),
        ("/plans/2026-W48-9c1f02ab/reps/r07.html", "office", 403),
        ("/plans/2026-W48-9c1f02ab/items", None, 401),
        ("/score", "crm", 403),
        ("/", "crm", 403),
        ("/livez", None, 200),
        ("/readyz", None, 200),
        ("/nowhere", None, 200),  # for the application to answer: there is nothing to protect
    ],
)
def test_a_key_opens_what_it_is_for(
    ask: Ask, ring: tuple[KeyRing, dict[str, str]], path: str, who: str | None, status: int
) -> None:
    """401 without a known key, says how; 403 with one that lacks the scope; the log has its name and no secret."""
    keys, secrets = ring
    given = {"authorization": f"Bearer {secrets[who]}"} if who else {}
    answered = ask(ask.app(fine, keys=keys), path, **given)
    assert answered.status == status
    if status == 401:
        assert answered.headers["www-authenticate"].startswith("Basic" if path == "/" else "Bearer")
    if status >= 400:
        assert answered.problem["status"] == status
    if who and answered.lines:
        assert answered.lines[0]["key"] == who
    assert not any(secret in json.dumps(answered.lines) for secret in secrets.values())


def test_each_key_has_its_own_rate(ask: Ask, ring: tuple[KeyRing, dict[str, str]]) -> None:
    """429 with Retry-After past it; a key without one has that of everybody, and callers without a key by address."""
    keys, secrets = ring
    app = ask.app(fine, keys=keys, rate="5/hour")

    def statuses(calls: int, **given: str) -> list[int]:
        return [int(ask(app, **given).status or 0) for _ in range(calls)]

    assert statuses(4, authorization=f"Bearer {secrets['office']}") == [200] * 3 + [429]
    assert statuses(6, authorization=f"Bearer {secrets['shop']}") == [200] * 5 + [429]
    assert statuses(6) == [401] * 5 + [429]
    last = ask(app)
    assert 1 <= int(last.headers["retry-after"]) <= 3600
    assert ask(app, "/readyz").status == 200


def test_endpoints_learn_what_a_key_is_for(ask: Ask, tmp_path: Path) -> None:
    """Its scopes and reps, of which those of jobs and plans decide more than the route does; never its secret."""
    secret = add_key(tmp_path / "keys.toml", "ann", ["plan", "score"], reps=["R07"])
    learnt: dict[str, Any] = {}

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:
        learnt.update(scope["state"])
        await fine(scope, receive, send)

    app = ask.app(endpoint, KeyRing(tmp_path / "keys.toml", lambda **_: None))
    assert ask(app, "/plans/w48/items", authorization=f"Bearer {secret}").status == 200
    assert (learnt["key"], learnt["key_scopes"], learnt["key_reps"]) == ("ann", {"plan", "score"}, {"R07"})
    assert secret not in str(learnt)

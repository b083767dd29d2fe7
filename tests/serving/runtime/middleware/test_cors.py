"""Web pages of the origins in the settings may use the service, keys and all; others may not, and by default none."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import NamedTuple

import httpx
import pytest

from serving.runtime.api_keys import add_key
from serving.runtime.middleware.cors import REQUEST_HEADERS, RESPONSE_HEADERS, CorsMiddleware
from serving.runtime.middleware.request_log import RequestLogMiddleware
from tests.serving.running import REQUEST, Running, running
from tests.serving.runtime.conftest import Ask, fine

SHOP = "https://shop.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


class Guarded(NamedTuple):
    """A service with keys, and the web server of a page that may use it."""

    service: Running
    secret: str
    page: str
    strange_page: str


@contextmanager
def web_server() -> Iterator[str]:
    """A web server of one empty page, at an origin of its own."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    home = tmp_path_factory.mktemp("cors")
    keys = home / "keys.toml"
    secret = add_key(keys, "shop", ["score"])
    with web_server() as page, web_server() as strange_page:
        options = ("--keys", str(keys), "--cors-origin", SHOP, "--cors-origin", page)
        with running(home, *options) as service:
            yield Guarded(service, secret, page, strange_page)


def preflight(service: Running, origin: str, path: str = "/score", **changes: str) -> httpx.Response:
    """The browser's question before a request with a key."""
    return service.ask("OPTIONS", path, headers={"Origin": origin, **PREFLIGHT, **changes})


def test_a_preflight_needs_no_key(guarded: Guarded) -> None:
    """Browsers send none with it; the request itself does, and its answer may be read."""
    asked = preflight(guarded.service, SHOP)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == SHOP
    assert {"GET", "POST"} <= set(asked.headers["access-control-allow-methods"].split(", "))
    allowed = asked.headers["access-control-allow-headers"].lower().split(", ")
    assert {"authorization", "x-api-key", "content-type", "traceparent"} <= set(allowed)
    assert "access-control-allow-credentials" not in asked.headers
    answer = guarded.service.score(headers={"Origin": SHOP, "Authorization": f"Bearer {guarded.secret}"})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SHOP)
    assert "Origin" in answer.headers["vary"]
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"X-Request-ID", "Retry-After", "traceresponse"} <= set(exposed)


def test_problems_may_be_read_too(guarded: Guarded) -> None:
    """A page has to be able to say that its key is unknown, or that a path is."""
    for path, status, headers in (
        ("/score", 401, {}),
        ("/nowhere", 404, {}),
        ("/versions", 405, {"Authorization": f"Bearer {guarded.secret}"}),
        ("/score", 422, {"Authorization": f"Bearer {guarded.secret}"}),
    ):
        answer = guarded.service.ask("POST", path, json={"customers": 1}, headers={"Origin": SHOP, **headers})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, SHOP)


@pytest.mark.parametrize("origin", ["https://evil.example", "http://shop.example", "https://shop.example.evil", "null"])
def test_another_origin_may_not(guarded: Guarded, origin: str) -> None:
    """Its preflight is refused with a problem document, and its answers have no header that would open them."""
    asked = preflight(guarded.service, origin)
    assert asked.status_code == 403
    assert asked.headers["content-type"] == "application/problem+json"
    assert asked.json()["type"] == "/problems/cross-origin"
    assert repr(origin) in asked.json()["detail"]
    assert "access-control-allow-origin" not in asked.headers
    answer = guarded.service.score(headers={"Origin": origin, "Authorization": f"Bearer {guarded.secret}"})
    assert "access-control-allow-origin" not in answer.headers
    assert "Origin" in answer.headers["vary"]  # caches keep the answers of origins apart


def test_what_no_route_takes_is_not_allowed(guarded: Guarded) -> None:
    """An unknown method or header fails the preflight, and an allowed origin may read why."""
    for changes in ({"Access-Control-Request-Method": "PATCH"}, {"Access-Control-Request-Headers": "x-secret"}):
        asked = preflight(guarded.service, SHOP, **changes)
        assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (403, SHOP)
    plain = guarded.service.ask("OPTIONS", "/score", headers={"Origin": SHOP})
    assert plain.status_code == 401  # no preflight: an ordinary request of a method that there is not


@pytest.mark.needs_chromium
def test_a_browser_lets_the_page_score(guarded: Guarded) -> None:
    """Chromium fetches with a key from the page of the listed origin, and refuses the other page of this machine."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no Chromium to open a page in: install Debian's `chromium`")
    from playwright.sync_api import sync_playwright

    fetch = """async ([url, key, body]) => {
        const headers = {"Content-Type": "application/json", "Authorization": `Bearer ${key}`};
        try {
            const answer = await fetch(url, {method: "POST", headers, body});
            return [answer.status, answer.headers.get("X-Request-ID"), await answer.json()];
        } catch (error) { return [String(error)]; }
    }"""
    given = [f"{guarded.service.url}/score", guarded.secret, json.dumps(REQUEST)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(guarded.page)
        status, request_id, answer = page.evaluate(fetch, given)
        assert (status, answer["scores"][0]["customer_id"]) == (200, "bertha")
        assert request_id
        assert page.evaluate(fetch, [given[0], "wrong", given[2]])[0] == 401
        page.goto(guarded.strange_page)
        assert page.evaluate(fetch, given) == ["TypeError: Failed to fetch"]
        browser.close()


def test_by_default_no_page_may(ask: Ask) -> None:
    """Without the setting nothing answers preflights, and no answer has a header of CORS."""
    answer = ask(ask.app(fine), origin=SHOP)
    assert not [name for name in answer.headers if name.startswith("access-control-allow")]


def test_any_origin_is_any(ask: Ask) -> None:
    """`*` is sent as it is: keys are no credentials of the browser's, so it may stand for all."""
    answer = ask(open_to_all(ask), origin="https://whoever.example")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def open_to_all(ask: Ask) -> RequestLogMiddleware:
    """An application that pages of all origins may use."""
    return ask.app(CorsMiddleware(fine, ["*"], ["POST"]))


def test_other_sites_may_not_embed_what_they_may_fetch(ask: Ask) -> None:
    """`Cross-Origin-Resource-Policy` concerns what is embedded without CORS, so it stays with it."""
    answer = ask(open_to_all(ask), origin=SHOP)
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_the_headers_are_those_of_the_service() -> None:
    """Each once, and none that every page may send or read anyway."""
    for names in (REQUEST_HEADERS, RESPONSE_HEADERS):
        assert len({name.lower() for name in names}) == len(names)

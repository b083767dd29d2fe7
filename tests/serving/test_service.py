"""The service as it runs: real workers behind a real socket, asked while versions, keys and callers come and go."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from serving.runtime.api_keys import add_key
from serving.state import ServedModel
from tests.ports import free_port
from tests.serving.running import (
    PATIENCE,
    REQUEST,
    Running,
    eventually,
    put,
    running,
    start,
    variant,
)


@pytest.fixture(scope="module")
def service(home: Path) -> Iterator[Running]:
    """A service over that home; at the end SIGTERM ends it with 0 and leaves no process."""
    with running(home, "--monitor", str(home / "monitor.json")) as runs:
        yield runs


def test_scores_over_http(service: Running) -> None:
    """Events in, rule and forecasts out, with the version that made them."""
    answer = service.score()
    assert answer.status_code == 200
    said = answer.json()
    assert said["model_version"] == "1"
    (score,) = said["scores"]
    assert score["customer_id"] == "bertha"
    assert 0 <= score["loyalty_score"] <= 100
    assert 0 <= score["churn_probability"] <= 1
    assert score["expected_purchases"] >= 1 - score["churn_probability"] - 1e-9


def test_health_is_as_bentoml_gives_it_and_readiness_ours(service: Running) -> None:
    """BentoML's other pages, which load scripts from elsewhere, are not there."""
    assert [service.ask("GET", path).status_code for path in ("/livez", "/healthz", "/readyz")] == [200] * 3
    assert service.ask("GET", "/readyz").json() == {"status": "ready"}
    for path in ("/schema.json", "/static_content/index.css", "/assets/index.css"):
        assert service.ask("GET", path).status_code == 404
    assert "://" not in service.ask("GET", "/").text.replace("http://www.w3.org", "")


def test_a_new_version_is_taken_over_and_a_bad_one_refused(
    service: Running, home: Path, served_model: ServedModel
) -> None:
    """Without a restart; readiness and /versions say what was refused, and the old version answers on."""
    workers = service.workers()
    put(home, variant(served_model.customer_model, 2), 2)
    eventually(lambda: service.version() == "2", "version 2 answers")
    put(home, variant(served_model.customer_model, 3), 3, damaged=True)
    try:
        eventually(lambda: service.ask("GET", "/readyz").json()["status"] == "degraded", "the refusal shows")
        assert "compiled.json has digest" in service.ask("GET", "/versions").json()["refused"]
        assert service.ask("GET", "/versions").json()["model"]["version"] == "2"
        assert service.version() == "2"
        service.shows("regulars_version_refused 1.0\n")
    finally:  # the next tests have a sound home, whatever this one found
        put(home, variant(served_model.customer_model, 4), 4)
    eventually(lambda: service.version() == "4", "version 4 answers")
    assert service.ask("GET", "/readyz").json() == {"status": "ready"}
    assert service.workers() == workers


def test_the_last_look_is_at_metrics(service: Running, home: Path) -> None:
    """The file comes while the service runs, and goes again; all is answered as before."""
    before = service.ask("GET", "/readyz").json()
    service.shows("regulars_monitor_age_seconds +Inf\n")
    look = {"as_of": "2026-11-23", "recommendation": "refit", "intake": [{"alarm": True}]}
    (home / "monitor.json").write_text(json.dumps(look))
    service.shows('regulars_monitor_recommendation{action="refit"} 1.0\n')
    service.shows('regulars_monitor_alarm{check="intake"} 1.0\n')
    (home / "monitor.json").unlink()
    service.shows('regulars_monitor_recommendation{action="refit"} NaN\n')
    assert service.ask("GET", "/readyz").json() == before


def test_metrics_count_and_stay_few(service: Running) -> None:
    """Two hundred unknown paths and strange methods make one more series, not two hundred."""
    service.score()
    with httpx.Client(trust_env=False, base_url=service.url, timeout=60) as client:
        for at in range(200):
            method = "GET" if at % 2 else ("PROPFIND", "MKCOL", "REPORT", "SEARCH")[at // 2 % 4]
            assert client.request(method, f"/wp-admin/{at}").status_code == 404
        assert client.request("METHOD", "/score").status_code == 400  # by the server, which knows HTTP's methods alone
        text = client.get("/metrics").text
    ours = [line for line in text.splitlines() if line.startswith("regulars_")]
    assert any('regulars_requests_total{method="other",route="other",status="4xx"} 100.0' in line for line in ours)
    assert any(line.startswith('regulars_customers_total{route="/score"}') for line in ours)
    service.shows(f"regulars_model_version {service.version()}.0\n")
    assert "wp-admin" not in text
    assert len(text.splitlines()) < 400


def test_the_log_is_json_and_holds_no_customer(service: Running) -> None:
    """One line a request, with its id; neither the customer's id nor what they did."""
    answer = service.score(headers={"X-Request-ID": "a-request-to-look-for"})
    assert answer.headers["x-request-id"] == "a-request-to-look-for"
    line = service.logs(id="a-request-to-look-for")
    assert (line["route"], line["status"], line["customers"]) == ("/score", 200, 1)
    assert line["model_version"] == answer.json()["model_version"]
    assert "bertha" not in service.log.read_text()
    assert "10.5" not in json.dumps(line)


def test_a_body_past_the_limit_is_refused_and_the_caller_sees_it(service: Running) -> None:
    """80 MB come in, 413 goes out, and the worker's memory did not grow by that."""
    (worker,) = service.workers()
    before = psutil.Process(worker).memory_info().rss
    body = b"[" + b" " * 80_000_000

    def chunks() -> Iterator[bytes]:
        yield from (body[at : at + 1_000_000] for at in range(0, len(body), 1_000_000))

    given = {"headers": {"Content-Type": "application/json"}}
    assert service.ask("POST", "/score", content=body, **given).status_code == 413
    assert service.ask("POST", "/score", content=chunks(), **given).status_code == 413
    assert psutil.Process(worker).memory_info().rss - before < 150e6
    assert service.score().status_code == 200


@pytest.mark.parametrize("order", [1, -1])
def test_a_length_beside_chunks_closes_the_connection(service: Running, order: int) -> None:
    """A proxy and the service could take different ends of such a request for true (RFC 9112, section 6.1)."""
    sizes = [b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"][::order]
    head = b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + b"".join(sizes)
    second = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as one:
        one.sendall(head + b"\r\n2\r\n{}\r\n0\r\n\r\n" + second)
        answers = b""
        while part := one.recv(65536):
            answers += part
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert answers.count(b"HTTP/1.1 ") == 1


def test_a_worker_is_ready_soon_and_small(home: Path) -> None:
    """In eight seconds of processor time and 160 MB with a version loaded; libraries for tables come with a table."""
    with running(home) as one:
        (worker,) = map(psutil.Process, one.workers())
        assert one.ask("GET", "/readyz").json() == {"status": "ready"}
        assert sum(worker.cpu_times()[:2]) < 8
        assert one.score().status_code == 200
        assert worker.memory_info().rss < 160e6, worker.memory_info()


def test_a_thousand_idle_connections_are_held(service: Running) -> None:
    """Some say nothing, some half a request: the others are answered as before."""
    idle = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(1000)]
    try:
        for at, one in enumerate(idle):
            if at % 2:
                one.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        began = time.monotonic()
        assert [service.score().status_code for _ in range(20)] == [200] * 20
        assert time.monotonic() - began < 20
    finally:
        for one in idle:
            one.close()
    assert service.score().status_code == 200


@pytest.fixture(scope="module")
def guarded(served_model: ServedModel, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Path]]:
    """A service with keys, whose log is on a full disk, and nothing published."""
    home = tmp_path_factory.mktemp("guarded")
    keys = home / "keys.toml"
    secret = add_key(keys, "shop", ["score", "page"])
    with running(home, "--keys", str(keys), "--rate", "200/second", "--timezone", "Asia/Tokyo") as runs:
        runs.secret = secret  # type: ignore[attr-defined]
        yield runs, keys


def test_with_keys_only_who_has_one_is_answered(guarded: tuple[Running, Path]) -> None:
    """Also at /metrics; a browser is asked for one, and may give it as its password."""
    service, _ = guarded
    bearer = {"Authorization": f"Bearer {service.secret}"}  # type: ignore[attr-defined]
    assert service.score().status_code == 401
    assert service.score(headers=bearer).status_code == 200
    assert service.score(headers={"X-API-Key": service.secret}).status_code == 200  # type: ignore[attr-defined]
    assert service.ask("GET", "/metrics").status_code == 401
    assert service.ask("GET", "/metrics", headers=bearer).status_code == 403
    assert service.ask("GET", "/").headers["www-authenticate"].startswith("Basic")
    assert service.ask("GET", "/", auth=("me", service.secret)).status_code == 200  # type: ignore[attr-defined]
    assert service.ask("GET", "/readyz").status_code == 200
    assert service.secret not in service.log.read_text()  # type: ignore[attr-defined]


def test_without_a_model_the_rule_is_served(guarded: tuple[Running, Path]) -> None:
    """The forecast is absent with the reason, readiness says degraded, the zone is the one that was set."""
    service, _ = guarded
    bearer = {"Authorization": f"Bearer {service.secret}"}  # type: ignore[attr-defined]
    said = service.score(headers=bearer).json()
    (score,) = said["scores"]
    assert score["loyalty_score"] >= 0
    assert "expected_purchases" not in score
    assert "forecast" in score["absent"]
    assert "model_version" not in said
    assert said["as_of"].endswith("+09:00")
    ready = service.ask("GET", "/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "regulars publish" in json.dumps(ready.json())


def test_a_key_is_taken_back_while_the_service_runs(guarded: tuple[Running, Path]) -> None:
    """Its table deleted from the file, the next requests are refused; a new key opens."""
    service, keys = guarded
    keys.unlink()
    secret = add_key(keys, "office", ["score"])
    eventually(lambda: service.score(headers={"X-API-Key": secret}).status_code == 200, "the new key opens")
    assert service.score(headers={"X-API-Key": service.secret}).status_code == 401  # type: ignore[attr-defined]


def refused(home: Path, *options: str, **environment: str) -> str:
    """What a service says that does not start: one line, exit 1, and nobody listens."""
    port = free_port()
    process = start(home, port, subprocess.PIPE, *options, **environment)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1, said
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    [line] = said.decode().splitlines()
    return line


def test_another_environment_is_refused_before_the_port_is_bound(served_model: ServedModel, tmp_path: Path) -> None:
    """In one line; so are keys that cannot be read."""
    folder = put(tmp_path, served_model.customer_model, 1, whole=False)
    card = folder / "bundle" / "card.json"
    card.write_text(card.read_text().replace('"scikit-learn": "', '"scikit-learn": "0.'))
    assert "fitted with scikit-learn 0." in refused(tmp_path)
    assert "no file of keys at" in refused(tmp_path, "--keys", str(tmp_path / "none.toml"))


def test_bentoml_itself_serves_it(home: Path) -> None:
    """`bentoml serve` in the checkout does what `regulars serve` does, on the loopback alone."""
    import sys

    from tests.serving.running import ROOT, answers

    port = free_port()
    log = home / "bentoml.log"
    given = os.environ | {"BENTOML_HOME": str(home)}
    command = [sys.executable, "-m", "bentoml", "serve", "--port", str(port)]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command, cwd=ROOT, env=given, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True
        )
    service = Running(port, process, log)
    try:
        eventually(lambda: answers(service), f"it is ready: {log}", process)
        assert service.ask("POST", "/score", json=REQUEST).status_code == 200
        assert "listening on http://127.0.0.1" in log.read_text()
    finally:
        assert service.stop() == 0

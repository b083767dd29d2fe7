"""The commands and the requests that are recorded: a new one is added here, and the pack is recorded anew."""

import json
from typing import Any

JSON, ARROW = "application/json", "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
VERBS = (
    *("ingest", "features", "score", "fit", "backtest", "compare", "promote", "publish", "history", "serve", "key"),
    "simulate",
)


def commands() -> list[dict[str, Any]]:
    """Return every command to run: an id, its steps, whether it is slow, and how near the numbers must be."""
    named = {
        # What reads a log
        "ingest-simulated": "ingest log.parquet --out out/store",
        "ingest-contract": "ingest contract.csv --out out/store --rating-maximum 5",
        "ingest-typed": "ingest contract.parquet --out out/store --timezone America/New_York",
        "ingest-mapped": "ingest mapped.csv --out out/store --map customer_id=client --map event_time=when "
        "--map amount=sum --set event_type=purchase --timezone Europe/London",
        "ingest-decimal-comma": "ingest comma.csv --out out/store --timezone Europe/Berlin",
        "ingest-thousands": "ingest thousands.csv --out out/store",
        "ingest-told": "ingest comma.csv --out out/store --delimiter ; --encoding latin-1 --decimal , "
        "--memory-limit 200MB",
        "ingest-two": "ingest contract.csv comma.csv --out out/store",
        "ingest-database": "ingest sqlite:///log.db --out out/store --query",
        # What reads a store
        "features-mid": "features store --as-of 2025-06-01 --out out/features.parquet",
        "features-end": "features store --as-of 2026-01-01T09:30:00+01:00 --out out/features.parquet",
        "features-old-store": "features small --as-of 2024-06-01 --out out/features.parquet",
        "features-raw": "features contract.csv --as-of 2024-06-01 --out out/features.parquet",
        "score-rule": "score store --as-of 2025-06-01 --rule-only --out out/scores.parquet",
        "score-own-rule": "score store --as-of 2026-01-01 --rule-only --formula ours.toml --out out/scores.parquet",
        "score-no-model": "score small --as-of 2024-06-01 --out out/scores.parquet --home nowhere",
        # What reads a home
        "score-champion": "score store --as-of 2026-01-01 --home home --out out/scores.parquet",
        "score-champion-value": "score store --as-of 2025-06-01 --home home --horizon-days 400 --value-days 700 "
        "--discount-rate 0.2 --out out/scores.parquet",
        "history": "history --home home --out out/moves.csv",
        "publish": "publish --home home",
        "simulate": "simulate --customers 60 --seed 3 --out out/log.parquet --truth out/truth.parquet",
        "simulate-csv": "simulate --customers 20 --seed 4 --out out/log.csv",
        # What fits
        "backtest": "backtest store --as-of 2025-07-01 --horizon-days 90 --quick --out out/forecast.parquet",
        "compare": "compare store --as-of 2025-07-01 --horizon-days 90 --quick --out out/report --home nowhere",
        "compare-champion": "compare store --as-of 2025-07-01 --horizon-days 90 --quick --out out/report --home home",
        "fit": "fit store --quick --home out/home",
        # What fails
        "no-verb": "",
        "unknown-verb": "frobnicate",
        "unknown-option": "features store --as-of 2025-06-01 --out out/f.parquet --fast",
        "no-store": "features nothing --as-of 2025-06-01 --out out/f.parquet",
        "no-file": "ingest nothing.csv --out out/store",
        "no-columns": "ingest mapped.csv --out out/store",
        "bad-map": "ingest mapped.csv --out out/store --map client",
        "bad-map-name": "ingest mapped.csv --out out/store --map who=client",
        "bad-zone": "ingest contract.csv --out out/store --timezone Mars/Olympus",
        "bad-date": "features store --as-of 2025-02-30 --out out/f.parquet",
        "bad-time": "features store --as-of 09:30 --out out/f.parquet",
        "bad-year": "features store --as-of 1000-01-01 --out out/f.parquet",
        "bad-horizon": "score store --as-of 2025-06-01 --horizon-days 0 --out out/s.parquet",
        "bad-horizon-text": "score store --as-of 2025-06-01 --horizon-days many --out out/s.parquet",
        "bad-formula": "score store --as-of 2025-06-01 --rule-only --formula broken.toml --out out/s.parquet",
        "no-formula": "score store --as-of 2025-06-01 --rule-only --formula none.toml --out out/s.parquet",
        "no-out": "score store --as-of 2025-06-01",
        "before-all": "features store --as-of 1999-01-01 --out out/f.parquet",
        "damaged-manifest": "features damaged-manifest --as-of 2024-06-01 --out out/f.parquet",
        "damaged-column": "features damaged-column --as-of 2024-06-01 --out out/f.parquet",
        "damaged-schema": "features damaged-schema --as-of 2024-06-01 --out out/f.parquet",
        "damaged-missing": "features damaged-missing --as-of 2024-06-01 --out out/f.parquet",
        "backtest-too-short": "backtest small --as-of 2024-06-01 --horizon-days 90 --out out/b.parquet",
        "promote-no-challenger": "promote --home home",
        "promote-unknown": "promote --home home --to 9 --reason none",
        "promote-without-reason": "promote --home home --to 2",
        "publish-nothing": "publish --home out/home",
        "history-nothing": "history --home out/home",
        "serve-host": "serve --host example.org",
        "serve-rate": "serve --rate often",
        "serve-keys": "serve --port 39999 --keys none.toml",
        "key-twice": "key full --keys keys.toml",
        "key-name": "key The-Shop! --keys out/keys.toml",
        "key-scope": "key shop --keys out/keys.toml --scope everything",
        "simulate-none": "simulate --customers 0 --out out/log.parquet",
    }
    more_words = {"ingest-database": ["SELECT * FROM events ORDER BY event_time"]}
    cases: list[dict[str, Any]] = [
        {"id": name, "steps": [line.split() + more_words.get(name, [])]} for name, line in named.items()
    ]
    back = ["promote", "--home", "home", "--to", "1", "--reason", "back", "--who", "tester"]
    publish = ["publish", "--home", "home"]
    cases += [
        {"id": "promote-back", "steps": [back, ["history", "--home", "home"]], "clock": True},
        {"id": "publish-again", "steps": [publish, publish], "bento": "bento"},
        {"id": "help", "steps": [["--help"], *([verb, "--help"] for verb in VERBS)]},
    ]
    slow = {"backtest", "compare", "compare-champion", "fit", "backtest-too-short", "help", "score-champion-value"}
    slow |= {"publish-again", "publish-nothing", "history-nothing", "promote-back", "promote-unknown"}
    slow |= {"promote-no-challenger", "features-raw", "ingest-told", "ingest-typed", "simulate-csv"}
    slow |= {"ingest-two", "ingest-thousands", "ingest-database", "score-no-model", "score-own-rule", "publish"}
    slow |= {"damaged-missing", "damaged-schema", "before-all", "serve-keys", "no-columns"}
    fitted = {"backtest", "backtest-too-short", "compare", "compare-champion", "fit"}
    near = {"score-champion", "score-champion-value", "simulate", "publish"}
    more: dict[str, dict[str, Any]] = {
        "publish": {"leave_out": r"model\.yaml$|bento/tmp|card\.json$"},
        "publish-again": {"leave_out": r"out/bento"},
        "fit": {"leave_out": r"out/home/artifacts|lock$"},
        "promote-unknown": {"leave_out": "out/"},
        "publish-nothing": {"leave_out": "out/"},
        "history-nothing": {"leave_out": "out/"},
        "key-name": {"leave_out": "out/"},
    }
    for case in cases:
        case |= {"slow": case["id"] in slow} | more.get(case["id"], {})
        if case["id"] in fitted | near:
            case["rtol"] = 1e-6 if case["id"] in fitted else 1e-9
    return cases


def purchase(day: str, amount: Any = 10.0, **more: Any) -> dict[str, Any]:
    """One purchase."""
    return {"event_type": "purchase", "event_time": day, "amount": amount, **more}


def requests(rows: list[dict[str, Any]], secrets: dict[str, str]) -> list[dict[str, Any]]:
    """Return every request; `rows` are of the feature table, `secrets` are the keys."""
    anna = {
        "customer_id": "anna",
        "events": [
            purchase("2024-12-03 10:30:00", 120.5, reference="536370"),
            purchase("2025-03-20T15:05:00Z", 88.9),
            {"event_type": "visit", "event_time": "2025-05-02", "channel": "phone", "outcome": "interested"},
        ],
    }
    events = [
        purchase("2024-11-01T08:00:00+02:00", 40.0),
        purchase("2025-01-15", 55.25, reference="r1", recorded_at="2025-01-16"),
        purchase("2025-01-15", 65.25, reference="r1", recorded_at="2025-02-16"),
        purchase("2025-01-15", 75.25, reference="r1", recorded_at="2025-08-16"),
        {"event_type": "return", "event_time": "2025-02-01", "amount": 5.0},
        {"event_type": "feedback", "event_time": "2025-02-02", "satisfaction": 8, "loyalty": 7.5},
        {"event_type": "usage", "event_time": "2025-02-03T03:04:05.678Z"},
        {"event_type": "incentive", "event_time": "2025-02-04", "channel": "coupon", "outcome": "redeemed"},
        {
            **{"event_type": "visit", "event_time": "2025-02-05", "channel": "face_to_face", "goal": "loyalty"},
            **{"content": "tea", "outcome": "ordered", "satisfaction": 9, "loyalty": None},
        },
    ]
    bertha = {"customer_id": " bertha ", "events": events}
    visitor = {"customer_id": "visitor", "events": [{"event_type": "usage", "event_time": "2025-05-01"}]}
    nobody: dict[str, Any] = {"customer_id": "nobody", "events": []}
    early = {"customer_id": "early", "events": [purchase("2025-07-01")]}
    good = {"customers": [anna], "as_of": "2025-06-10", "horizon_days": 90}
    frame = {"as_of": "2026-01-01", "horizon_days": 90}
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    made: list[dict[str, Any]] = []

    def get(name: str, path: str, method: str = "GET", **more: Any) -> None:
        made.append({"id": name, "method": method, "path": path, "headers": {}, "service": "open"} | more)

    def post(name: str, path: str = "/score", kind: str = JSON, **more: Any) -> None:
        headers = {"Content-Type": kind} | more.pop("headers", {})
        get(name, path, "POST", headers=headers, **more)

    def score(name: str, **change: Any) -> None:
        post(name, json={key: value for key, value in (good | change).items() if value != "absent"})

    def one(name: str, **change: Any) -> None:
        """A request whose one purchase is changed."""
        score(name, customers=[{"customer_id": "a", "events": [purchase("2025-01-05") | change]}])

    for name, path in (("root", "/"), ("docs-page", "/docs"), ("docs", "/docs.json"), ("live", "/livez")):
        get(name, path)
    get("ready", "/readyz")
    get("versions", "/versions", hide=["since", "in_service_since", "loaded_at"])
    get("metrics", "/metrics")
    # Scores by events
    score("one")
    score("several", customers=[anna, bertha, visitor, nobody, early])
    score("horizon-1", horizon_days=1)
    score("horizon-3650", horizon_days=3650)
    score("horizon-default", horizon_days="absent")
    score("as-of-time", as_of="2025-06-10T12:30:00+05:30")
    score("recorded-later", customers=[bertha], as_of="2025-09-01")
    score("recorded-early", customers=[bertha], as_of="2025-01-20")
    score("no-customers", customers=[])
    score(
        "unpriced", customers=[{"customer_id": "u", "events": [{"event_type": "purchase", "event_time": "2025-01-05"}]}]
    )
    numbers = ["loyalty_score", "loyalty_parts", "coverage", "expected_purchases", "expected_purchases_interval"]
    numbers += ["churn_probability", "expected_spend", "band", "as_of"]
    post("now", json={"customers": [anna]}, hide=numbers)
    post("request-id", json=good, headers={"X-Request-Id": "mine-1"})
    post("charset", kind="application/json; charset=utf-8", json=good)
    post("answer-in-arrow", json=good, headers={"Accept": ARROW})
    post("answer-any", json=good, headers={"Accept": "text/html;q=0.1, */*;q=0.5"})
    post("log-arrow", "/score?as_of=2025-06-10&horizon_days=90", ARROW, file="log.arrow")
    post("log-parquet", "/score?as_of=2025-06-10&horizon_days=90", PARQUET, file="log.parquet")
    post("log-arrow-arrow", "/score?as_of=2025-06-10", ARROW, file="log.arrow", headers={"Accept": ARROW})
    # Scores by features
    post("rows", "/score_features", json={"rows": rows} | frame)
    post("columns", "/score_features", json={"columns": columns} | frame)
    features = "/score_features?as_of=2026-01-01&horizon_days=90"
    post("features-arrow", features, ARROW, file="features.arrow")
    post("features-parquet", features, PARQUET, file="features.parquet", headers={"Accept": ARROW})
    post("rows-and-columns", "/score_features", json={"rows": rows, "columns": columns} | frame)
    post("rows-none", "/score_features", json=frame)
    post("row-lacks", "/score_features", json={"rows": [{"customer_id": "a"}]} | frame)
    post("row-impossible", "/score_features", json={"rows": [rows[0] | {"recency": 99999}]} | frame)
    post("row-half", "/score_features", json={"rows": [rows[0] | {"purchase_days": 1.5}]} | frame)
    post("row-more", "/score_features", json={"rows": [rows[0] | {"colour": 1}]} | frame)
    post("row-twice", "/score_features", json={"rows": [rows[0], rows[0]]} | frame)
    post("columns-uneven", "/score_features", json={"columns": columns | {"T": [1]}} | frame)
    # The last batch
    post("batch", "/score_customers", json={"customer_ids": [rows[0]["customer_id"], "unknown"]})
    post("batch-empty", "/score_customers", json={"customer_ids": []})
    post("batch-twice", "/score_customers", json={"customer_ids": ["a", "a"]})
    post("batch-number", "/score_customers", json={"customer_ids": [1]})
    # Wrong values
    one("wrong-amount", amount="much")
    one("negative-amount", amount=-1)
    one("huge-amount", amount=1e300)
    one("wrong-time", event_time="2025-02-30")
    one("number-time", event_time=20250101)
    one("future-time", event_time="2999-01-01")
    one("wrong-type", event_type="sale")
    one("unknown-event-field", colour="red")
    one("wrong-channel", channel="pigeon", event_type="visit", amount=None)
    one("rating-too-high", satisfaction=11, event_type="feedback", amount=None)
    one("twenty-faults", **{f"field_{number}": 1 for number in range(25)})
    score("unknown-field", colour="red")
    score("customer-twice", customers=[anna, anna])
    score("customer-empty-id", customers=[{"customer_id": " ", "events": []}])
    score("customer-no-events", customers=[{"customer_id": "a"}])
    score("horizon-0", horizon_days=0)
    score("horizon-half", horizon_days=1.5)
    score("horizon-text", horizon_days="90")
    score("as-of-wrong", as_of="yesterday")
    score("as-of-far", as_of="2999-01-01")
    post("as-of-future", json=good | {"as_of": "2199-01-01"}, hide=["detail"])
    customer = '{"customer_id":"a","events":[]},'
    post("too-many-customers", pieces=[['{"customers": [', 1], [customer, 100_000], [customer[:-1], 1], ["]}", 1]])
    # Malformed bodies
    whole = json.dumps(good)
    post("empty-body", text="")
    post("no-json", text="customers")
    post("half", text=whole[:60])
    post("trailing-garbage", text=whole + "}")
    post("list", text="[]")
    post("null", text="null")
    post("json-key-twice", text=whole[:-1] + ', "as_of": "2025-06-11"}')
    post("json-key-twice-escaped", text=whole[:-1] + ', "as_o\\u0066": "2025-06-11"}')
    post("nan", text=whole.replace("88.9", "NaN"))
    post("infinity", text=whole.replace("88.9", "1e999"))
    post("invalid-utf-8", hex=whole.encode().replace(b"anna", b"ann\xff").hex())
    post("byte-order-mark", hex=(b"\xef\xbb\xbf" + whole.encode()).hex())
    post("lone-surrogate", text=whole.replace('"anna"', '"\\ud800"'))
    post("deep-nesting", pieces=[['{"customers": ', 1], ["[", 5000], ["]", 5000], ["}", 1]])
    post("too-large", headers={"Content-Length": "67108865"})
    post("compressed", headers={"Content-Encoding": "gzip"}, text=whole)
    post("identity", headers={"Content-Encoding": "identity"}, text=whole)
    post("other-charset", kind="application/json; charset=latin-1", text=whole)
    post("other-type", kind="text/csv", text="customer_id,event_time")
    get("no-type", "/score", "POST", text=whole)
    post("bad-accept", json=good, headers={"Accept": "image/png"})
    post("arrow-malformed", "/score?as_of=2025-06-10", ARROW, text="no table")
    post("arrow-cut", "/score?as_of=2025-06-10", ARROW, file="log.arrow", cut=600)
    post("arrow-empty", "/score?as_of=2025-06-10", ARROW, text="")
    post("parquet-malformed", "/score?as_of=2025-06-10", PARQUET, text="PAR1 no table PAR1")
    post("parquet-cut", "/score?as_of=2025-06-10", PARQUET, file="log.parquet", cut=900)
    post("arrow-wrong-columns", "/score?as_of=2025-06-10", ARROW, file="features.arrow")
    post("features-wrong-columns", features, ARROW, file="log.arrow")
    post("arrow-bad-values", "/score?as_of=2025-06-10", ARROW, file="bad.arrow")
    # Parameters, paths, methods
    post("parameter-unknown", "/score?colour=red", ARROW, file="log.arrow")
    post("parameter-twice", "/score?as_of=2025-06-10&as_of=2025-06-11", ARROW, file="log.arrow")
    post("parameter-wrong", "/score?as_of=2025-06-10&horizon_days=many", ARROW, file="log.arrow")
    post("parameter-zero", "/score?as_of=2025-06-10&horizon_days=0", ARROW, file="log.arrow")
    post("parameter-with-json", "/score?horizon_days=30", json=good)
    get("unknown-path", "/scores")
    get("trailing-slash", "/score/")
    get("get-for-post", "/score")
    get("post-for-get", "/versions", "POST", text="")
    get("delete", "/score", "DELETE")
    get("options", "/score", "OPTIONS")
    for name, path in (("head-root", "/"), ("head-docs", "/docs.json"), ("head-score", "/score")):
        get(name, path, "HEAD")
    # A service with keys and a page, without a model and without a batch

    def key(name: str, path: str, secret: str | None, method: str = "POST", body: Any = good, **more: Any) -> None:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        if method == "POST":
            more["json"] = body
            headers["Content-Type"] = JSON
        get(f"keys-{name}", path, method, headers=headers | more.pop("headers", {}), service="keys", **more)

    key("ready", "/readyz", None, "GET", hide=["since"])
    key("live", "/livez", None, "GET")
    key("missing", "/score", None)
    key("unknown", "/score", "regulars-wrong")
    key("basic", "/score", None, headers={"Authorization": "Basic YTpi"})
    key("other-header", "/score", None, headers={"X-API-Key": secrets["full"]})
    key("score", "/score", secrets["full"])
    key("score-only", "/score", secrets["score"])
    key("forbidden", "/score_customers", secrets["score"], body={"customer_ids": ["a"]})
    key("no-batch", "/score_customers", secrets["full"], body={"customer_ids": ["a"]})
    key("features", "/score_features", secrets["score"], body={"rows": rows[:1]} | frame)
    key("rate", "/score", secrets["seldom"], repeat=3, hide=["detail"], vary=["retry-after"])
    key("page", "/", secrets["full"], "GET")
    key("page-missing", "/", None, "GET")
    key("page-forbidden", "/", secrets["score"], "GET")
    key("metrics-missing", "/metrics", None, "GET")
    key("metrics", "/metrics", secrets["full"], "GET")
    key("versions", "/versions", secrets["score"], "GET", hide=["since", "in_service_since"])
    return made

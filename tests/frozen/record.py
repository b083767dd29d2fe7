"""Make the frozen pack anew from the checkout that this runs in: `python tests/frozen/record.py`, about three minutes.

The pack says what the command and the service did at that commit. What is changed on purpose later goes into CHANGED of
the test, not here: recording anew forgets what was promised before.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.frozen import cases, replay

CONTRACT = """\
customer_id,event_time,event_type,amount,channel,goal,content,outcome,satisfaction,loyalty,reference,recorded_at
anna,2024-01-05 10:00:00,purchase,20.50,,,,,,,r1,2024-01-05 11:00:00
anna,2024-01-05 10:00:00,purchase,22.50,,,,,,,r1,2024-03-01 09:00:00
anna,2024-02-07 12:00:00,return,5,,,,,,,,
anna,2024-03-09T23:30:00+02:00,purchase,31,,,,,,,r2,
ben,2024-01-10,visit,,phone,purchase_count,asked for tea,interested,4,3.5,,
ben,2024-01-12,purchase,9.99,,,,,,,,
ben,2024-01-12,purchase,9.99,,,,,,,,
ben,2024-01-12,purchase,9.99,,,,,,,,
ben,2024-04-01,feedback,,,,,,5,4,,
ben,2024-04-02,usage,,,,,,,,,
ben,2024-04-03,incentive,,coupon,,,redeemed,,,,
clara,2024-02-31,purchase,10,,,,,,,,
clara,2024-03-01,purchase,-4,,,,,,,,
clara,2024-03-02,sale,4,,,,,,,,
,2024-03-03,purchase,4,,,,,,,,
clara,2024-03-04,visit,,pigeon,,,,,,,
clara,2024-03-05,feedback,,,,,,9,,,
clara,2024-03-06,purchase,much,,,,,,,,
clara,2024-03-07,purchase,1500000,,,,,,,,
dora,2024-03-08,purchase,,,,,,,,,
dora,2024-05-08,purchase,12,,,,,,,r9,2024-07-01
"""
MAPPED = """\
client,when,sum,note
a1,2024-03-31 00:30:00,10.00,before the clock goes forward
a1,2024-03-31 01:30:00,11.00,a time that the clock skips
a1,2024-10-27 01:30:00,12.00,a time that comes twice
b2,01/05/2024,13.00,another form
b2,2024-05-01 23:59:59.999999,14.00,
b2,2024-05-02T00:00:00Z,15.00,
"quoted, name",2024-05-03 08:00,16.00,"two
lines"
"""
COMMA = """\
customer_id;event_time;event_type;amount
jürgen;2024-01-05 10:00:00;purchase;1234,50
jürgen;2024-02-05 10:00:00;purchase;12,75
zoë;2024-02-06 10:00:00;purchase;8,00
zoë;2024-02-07 10:00:00;return;2,00
zoë;2024-13-07 10:00:00;purchase;2,00
"""
BAD = [
    {"customer_id": "a", "event_time": "2025-01-05", "event_type": "purchase", "amount": -1.0},
    {"customer_id": "b", "event_time": "soon", "event_type": "sale", "amount": 1.0},
]


def main() -> None:
    """Record everything into a folder aside, and put it in the place of the pack when it is whole."""
    with tempfile.TemporaryDirectory(prefix="frozen-") as scratch:
        given = Path(scratch, "given")
        given.mkdir()
        make_inputs(given)
        make_homes(given)
        secrets = make_keys(given)
        shutil.rmtree(replay.PACK, ignore_errors=True)
        shutil.copytree(given, replay.PACK / "given")
    rows = make_bodies()
    record_commands()
    record_requests(cases.requests(rows, secrets))
    size = sum(file.stat().st_size for file in replay.PACK.rglob("*") if file.is_file())
    print(f"{size / 1e6:.2f} MB in {replay.PACK}")


def regulars(work: Path, *arguments: str, **more: str) -> str:
    """Run a command that must succeed, and return what it said."""
    own = replay.environment(**more)
    command = replay.command(*arguments)
    found = subprocess.run(command, cwd=work, env=own, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(f"regulars {' '.join(arguments)}: {found.stderr}")
    return found.stderr


def make_inputs(work: Path) -> None:
    """Write the logs, the stores, the damaged stores, the formulas."""
    regulars(work, "simulate", "--customers", "300", "--seed", "7", "--out", "log.parquet")
    Path(work, "contract.csv").write_text(CONTRACT)
    Path(work, "mapped.csv").write_text(MAPPED)
    Path(work, "thousands.csv").write_text(COMMA.replace("1234,50", "1.234,50"), encoding="latin-1")
    Path(work, "comma.csv").write_text(COMMA, encoding="latin-1")
    texts = pa.csv.ConvertOptions(column_types=dict.fromkeys(CONTRACT.splitlines()[0].split(","), pa.string()))
    table = pa.csv.read_csv(work / "contract.csv", convert_options=texts)
    sound = table.slice(0, 11)
    amounts = [float(text) if text else None for text in sound["amount"].to_pylist()]
    pq.write_table(sound.set_column(3, "amount", pa.array(amounts)), work / "contract.parquet")
    with closing(sqlite3.connect(work / "log.db")) as database, database:
        database.execute("PRAGMA page_size = 512")
        database.execute("CREATE TABLE events (customer_id TEXT, event_time TEXT, event_type TEXT, amount REAL)")
        rows = [("a", "2024-01-05", "purchase", 10.0), ("b", "2024-01-06", "purchase", -1.0)]
        database.executemany("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
    regulars(work, "ingest", "log.parquet", "--out", "store")
    regulars(work, "ingest", "contract.csv", "--out", "small", "--rating-maximum", "5")
    for name in ("manifest", "column", "schema", "missing"):
        shutil.copytree(work / "small", work / f"damaged-{name}")
    Path(work, "damaged-manifest", "manifest.json").write_text("{")
    manifest = json.loads(Path(work, "small", "manifest.json").read_text())
    newer = json.dumps(manifest | {"schema_version": 99})
    Path(work, "damaged-schema", "manifest.json").write_text(newer)
    (column,) = work.glob("damaged-column/events-*/day.npy")
    column.write_bytes(column.read_bytes()[:-8])
    next(work.glob("damaged-missing/events-*/time.npy")).unlink()
    rule = (replay.ROOT / "features" / "formula.toml").read_text()
    ours = rule.replace('version = "1"', 'version = "ours-2"').replace("maximum = 12", "maximum = 20")
    Path(work, "ours.toml").write_text(ours)
    Path(work, "broken.toml").write_text(rule.replace("maximum = 12", "maximum = -12"))
    Path(work, "page.html").write_text("<!doctype html><title>a page</title><p>the page of a report</p>\n")


def make_homes(work: Path) -> None:
    """Fit two versions, move the champion twice, publish it; then take paths and names out of the database."""
    because = ("--force", "--who", "tester", "--home", "home")
    for formula, reason in ((None, "the first version"), ("ours.toml", "a rule of our own")):
        regulars(work, "fit", "store", "--quick", "--home", "home", *(["--formula", formula] if formula else []))
        regulars(work, "promote", *because, "--reason", reason)
    regulars(work, "publish", "--home", "home", BENTOML_HOME=str(work / "bento"))
    Path(work, "empty-bento").mkdir()
    Path(work, "empty-bento", "models").mkdir()
    Path(work, "empty-bento", "models", "nothing.txt").write_text("An empty model store.\n")
    for lock in work.rglob("*.lock"):
        lock.unlink()
    regulars(work, "score", "store", "--as-of", "2026-01-01", "--home", "home", "--out", "batch.parquet")
    home = work / "home"
    replay.move_home(home, home.resolve().as_uri(), f"file://{replay.HOME_ROOT}")
    with closing(sqlite3.connect(home / "mlflow.db")) as database:
        with database:
            database.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = 0", ("mlruns/0",))
            database.execute("UPDATE runs SET user_id = 'somebody'")
            database.execute("UPDATE tags SET value = 'somebody' WHERE key = 'mlflow.user'")
            database.execute("UPDATE tags SET value = 'nowhere' WHERE key = 'process.host'")
            database.execute("UPDATE tags SET value = '1' WHERE key IN ('process.id', 'process.start')")
        database.execute("PRAGMA page_size = 1024")
        database.execute("VACUUM")
    for file in work.rglob("*"):
        if file.is_file() and re.search(rb"/tmp/frozen-|/work/|/root/", file.read_bytes()):
            print(f"mind: a path of this machine is in {file.relative_to(work)}")


def make_keys(work: Path) -> dict[str, str]:
    """Make the keys, and return their secrets."""
    asked = {
        "full": [word for scope in ("score", "customers", "page", "metrics") for word in ("--scope", scope)],
        "score": ["--scope", "score"],
        "seldom": ["--scope", "score", "--rate", "2/hour"],
    }
    said = {name: regulars(work, "key", name, "--keys", "keys.toml", *more) for name, more in asked.items()}
    return {name: text.splitlines()[1].strip() for name, text in said.items()}


def make_bodies() -> list[dict[str, Any]]:
    """Write the tables to be sent, and return rows of the feature table as JSON has them."""
    bodies = replay.PACK / "bodies"
    bodies.mkdir()
    with tempfile.TemporaryDirectory(prefix="frozen-") as scratch:
        work = replay.unpack(Path(scratch))
        regulars(work, "features", "store", "--as-of", "2026-01-01", "--out", "features.parquet")
        features = pq.read_table(work / "features.parquet").slice(0, 12).replace_schema_metadata()
        log = pq.read_table(work / "log.parquet")
        log = log.filter(pc.is_in(log["customer_id"], features["customer_id"].combine_chunks()))
    for name, table in (("features", features), ("log", log), ("bad", pa.Table.from_pylist(BAD))):
        pq.write_table(table, bodies / f"{name}.parquet")
        with pa.ipc.new_stream(bodies / f"{name}.arrow", table.schema) as stream:
            stream.write_table(table)
    rows: list[dict[str, Any]] = features.slice(0, 3).to_pylist()
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]


def record_commands() -> None:
    """Run every command on a copy of the pack, and keep what came."""
    all_cases, expected = cases.commands(), {}
    write("commands.json", all_cases)
    for case in all_cases:
        with tempfile.TemporaryDirectory(prefix="frozen-") as scratch:
            work = replay.unpack(Path(scratch, "work"))
            expected[case["id"]] = replay.run(case, work)
            if case.get("rtol"):
                keep_tables(case, work)
        print(case["id"], [step["code"] for step in expected[case["id"]]["steps"]], flush=True)
    write("digests.json", expected)


def keep_tables(case: dict[str, Any], work: Path) -> None:
    """Keep the Parquet files of a command whose numbers need not be the same to the last bit."""
    for file in (work / "out").rglob("*.parquet"):
        kept = replay.PACK / "expected" / case["id"] / file.relative_to(work / "out")
        kept.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pq.read_table(file).replace_schema_metadata(), kept, compression="zstd")


def record_requests(all_requests: list[dict[str, Any]]) -> None:
    """Ask the two services everything, and keep the answers."""
    write("requests.json", all_requests)
    answers = {}
    with tempfile.TemporaryDirectory(prefix="frozen-") as scratch:
        work = replay.unpack(Path(scratch, "work"))
        with replay.services(work) as services:
            for request in all_requests:
                answers[request["id"]] = services[request["service"]].ask(request)
                print(request["id"], answers[request["id"]]["status"], flush=True)
    write("responses.json", answers)


def write(name: str, what: Any) -> None:
    """Write a file of the pack."""
    (replay.PACK / name).write_text(json.dumps(what, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()

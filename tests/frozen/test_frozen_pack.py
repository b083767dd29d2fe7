"""What the command and the service did when the pack was recorded, they do today; see record.py.

A change on purpose goes into CHANGED with its reason, and the new value into changed.json under the same id.
"""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.frozen import replay
from tests.frozen.forks import forks
from tests.frozen.replay import PACK, RunCommand, Service, differences

CHANGED: dict[str, str] = {
    "backtest": "Plain English. Visits, feedback, usage, incentives reach it; losses by segment; pauses, levels.",
    "backtest-too-short": "Plain English. Visits, feedback, usage and incentives reach it. Returns. Pauses, levels.",
    "bad-accept": "Answers come in Parquet too.",
    "bad-date": "The message says 'is not a', and what to give.",
    "bad-map": "The message says 'is not a', and what to give.",
    "bad-map-name": "sale_reference is a column of the contract. So is plan_item.",
    "bad-time": "The message says 'is not a', and what to give.",
    "bad-year": "The message says 'is not a', and what to give.",
    "batch-number": "A whole number is an id in JSON too.",
    "before-all": "A cutoff before the log is warned of.",
    "compare": "Wilson bounds. Families reach the model. Returns. Pauses, levels. Tables of the base, lists, dates.",
    "compare-champion": "Wilson bounds. Families reach the model. Returns. Pauses, levels. Tables, lists, dates.",
    "compressed": "gzip is taken; this body is none.",
    "damaged-column": "The message names the option that replaces the store.",
    "damaged-manifest": "The message names the option that replaces the store.",
    "damaged-missing": "The message names the option that replaces the store.",
    "damaged-schema": "This version reads store schema 2. The message names the option that replaces the store.",
    "docs": "Plain English; defaults; scale; model, segments. Plans, jobs, customers, challengers. Tables, databases.",
    "docs-page": "The page has a form to try each endpoint: one script, which may ask this service.",
    "features-end": "Returns count.",
    "features-mid": "Returns count.",
    "features-old-store": "Returns count.",
    "features-raw": "Titles and notes are in plain English; the file is the same.",
    "features-wrong-columns": "Columns with a null rule may be absent.",
    "fit": "Plain English. Visits, feedback, usage and incentives reach the model; losses by segment; pauses, levels.",
    "head-root": "The page's own icon is allowed.",
    "help": "--config, --version, --quiet, --json, --model, --plans, --force, options of sources, dates, keys are new.",
    "history": "The file is CSV as every table is: texts are quoted, the figures are JSON.",
    "history-nothing": "The command speaks plain English; what it writes is the same.",
    "horizon-half": "null is a horizon too: not given.",
    "horizon-text": "null is a horizon too: not given.",
    "ingest-contract": "Versions only by recorded_at; schema 2, readings. Reasons name the cure. Contents are kept.",
    "ingest-database": "The report has line items merged and warnings; schema 2, readings.",
    "ingest-decimal-comma": "Line items merged, local times; schema 2, with each reading. Reasons name the cure.",
    "ingest-mapped": "A date that may have the day or the month first is a question, no longer a faulty row.",
    "ingest-simulated": "Line items merged and warnings; schema 2, with each reading. Contents are kept.",
    "ingest-thousands": "Thousands marks are read off the sample. Reasons name the cure. Readings.",
    "ingest-told": "The report has line items merged and warnings; schema 2, readings. Reasons name the cure.",
    "ingest-two": "Versions only by recorded_at; schema 2, readings. Reasons name the cure. Contents are kept.",
    "ingest-typed": "Versions only by recorded_at; schema 2, readings, local times. Contents are kept.",
    "key-name": "The message gives the pattern of a name, from msgspec's check of keys.",
    "key-scope": "The scope plan is new.",
    "keys-features": "Returns count.",
    "keys-other-header": "Returns count.",
    "keys-score": "Returns count.",
    "keys-score-only": "Returns count.",
    "keys-versions": "The rating scale in service is shown. Returns count.",
    "log-arrow": "Returns count.",
    "log-arrow-arrow": "Returns count.",
    "log-parquet": "Returns count.",
    "nan": "NaN is named, with what to send.",
    "no-columns": "The message names `regulars inspect`, and options to paste.",
    "no-verb": "--config and --version are new.",
    "parameter-with-json": "JSON may have parameters in the query, if the body has no others.",
    "parameter-wrong": "null is a horizon too: not given.",
    "promote-back": "The command speaks plain English; what it writes is the same.",
    "promote-without-reason": "The message says 'is not a', and what to give.",
    "publish": "The compiled form holds the formula: workers load it alone.",
    "publish-again": "The command speaks plain English; what it writes is the same.",
    "publish-nothing": "Where there is no home none is made, and the line says which verb makes one.",
    "rating-too-high": "The maximum is that of the scale in service, and the message says so.",
    "root": "The page's own icon is allowed.",
    "score-champion": "Ties are named; forecasts stand beside the points.",
    "score-champion-value": "Ties are named; forecasts stand beside the points.",
    "score-no-model": "Ties are named; parts without data are left out of the table.",
    "score-own-rule": "Ties are named; parts without data are left out of the table.",
    "score-rule": "Ties are named; parts without data are left out of the table.",
    "serve-keys": "A setting that cannot be used is one line; 'starting' no longer precedes it.",
    "serve-rate": "One line that names the setting and its section; 'starting' no longer precedes it.",
    "simulate": "The command speaks plain English; what it writes is the same.",
    "too-large": "The connection stays open: the server reads and drops the rest of a refused body.",
    "trailing-slash": "The paths of plans, jobs and customers are among those expected.",
    "unknown-path": "The paths of plans, jobs and customers are among those expected.",
    "versions": "The rating scale in service is shown, and the model's name and form. Returns count.",
}
"""Id of a command or a request -> why it is no longer as recorded."""


def read(name: str) -> Any:
    return json.loads((PACK / name).read_text())


COMMANDS, DIGESTS = read("commands.json"), read("digests.json")
REQUESTS, RESPONSES = read("requests.json"), read("responses.json")
NEW = json.loads((PACK.parent / "changed.json").read_text())
RELEASES = json.loads(next(PACK.glob("given/bento/models/regulars/*/bundle/card.json")).read_text())["libraries"]
OTHERS = [f"{name} {made}" for name, made in RELEASES.items() if version(name) != made]
MODEL = pytest.mark.skipif(bool(OTHERS), reason=f"the frozen model needs {', '.join(OTHERS)}: record the pack anew")
NEEDS_MODEL = {"score-champion", "score-champion-value", "publish", "publish-again", "compare-champion"}


def command_marks(case: dict[str, Any]) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] * case["slow"] + [MODEL] * (case["id"] in NEEDS_MODEL)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    """Both services, on a copy of the pack."""
    with replay.services(replay.unpack(tmp_path_factory.mktemp("served"))) as running:
        yield running


@pytest.fixture(scope="module")
def run_command() -> Iterator[RunCommand]:
    """Runs `regulars` in forks of one process; that a process of its own does the same is test_main.py's to show."""
    with forks(replay.environment()) as running:
        yield running.run


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"], marks=command_marks(case)) for case in COMMANDS])
def test_a_command_does_what_it_did(case: dict[str, Any], run_command: RunCommand, tmp_path: Path) -> None:
    """Exit code, what it says, and the content of every file it writes are as recorded, or as changed on purpose."""
    work = replay.unpack(tmp_path / "work")
    found, rtol = replay.run(case, work, run_command), case.get("rtol", 0.0)
    expected = tables_aside(DIGESTS[case["id"]], rtol)
    differ = differences(tables_aside(found, rtol), expected, rtol, loose=bool(rtol))
    for kept in sorted((PACK / "expected" / case["id"]).rglob("*.parquet")):
        file = work / "out" / kept.relative_to(PACK / "expected" / case["id"])
        differ += replay.table_differences(file, kept, rtol) if file.exists() else [f"{file.name}: absent"]
    judge(case["id"], differ, tables_aside(found, rtol), rtol)


@pytest.mark.parametrize("request_", [pytest.param(each, id=each["id"]) for each in REQUESTS])
@MODEL
def test_the_service_answers_as_it_did(request_: dict[str, Any], services: dict[str, Service]) -> None:
    """Status, headers and body are as recorded, or as changed on purpose."""
    found = services[request_["service"]].ask(request_)
    judge(request_["id"], differences(found, RESPONSES[request_["id"]], 1e-9), found, 1e-9)


def test_every_change_is_one_of_the_pack() -> None:
    """CHANGED and changed.json name the same commands and requests, each of which is in the pack."""
    assert CHANGED.keys() == NEW.keys()
    assert CHANGED.keys() <= DIGESTS.keys() | RESPONSES.keys()
    assert not DIGESTS.keys() & RESPONSES.keys()


def test_the_pack_names_no_machine() -> None:
    """It is small, and no file of it holds a path of the machine that recorded it."""
    files = [file for file in PACK.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 4_000_000
    assert [file for file in files if re.search(rb"/tmp/|/root/|/work/main", file.read_bytes())] == []


def judge(name: str, differ: list[str], found: Any, rtol: float) -> None:
    """Fail where something differs; of what is changed on purpose, where it is not the new value, or still the old."""
    if name not in CHANGED:
        assert not differ, f"{name} is not as recorded:\n" + "\n".join(differ[:20])
        return
    assert differ, f"{name} is as recorded again: take it out of CHANGED and changed.json"
    differ = differences(found, NEW.get(name), rtol, loose=True)
    assert not differ, f"{name} is neither as recorded nor as in changed.json; it is now\n{json.dumps(found)}"


def tables_aside(what: dict[str, Any], rtol: float) -> dict[str, Any]:
    """Return it, where numbers may differ a little, without the digests of columns: the tables are compared."""
    if not rtol:
        return what
    files = {name: typed(kept) if name.endswith(".parquet") else kept for name, kept in what["files"].items()}
    return what | {"files": files}


def typed(table: dict[str, Any]) -> dict[str, Any]:
    """Return what the table is, with the types of its columns alone."""
    return table | {"columns": {name: each.rpartition(" ")[0] for name, each in table["columns"].items()}}

"""One report for all its tests: a simulated shop with visits, feedback and usage, and ids as strange as they come."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.loyalty.formula import Formula, load_formula
from features.simulate import Truth, simulate
from features.store.event_store import EventStore
from reporting.build import Report, make_report
from reporting.version_comparison import VersionComparison, compare_versions
from reporting.version_tables import version_tables
from tests.training.logs import stored
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.runs import start_run
from training.registry.versions import register

AS_OF, SINCE, DAYS = "2024-03-01", "2023-12-01", 90
STRANGE = (
    "<b>bold</b><script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM(1)",
    "王小明",
    'quoted "a", b',
    "& amp;",
)


@pytest.fixture(scope="session")
def log() -> pa.Table:
    """300 customers of a shop in which everything happens; the first ones have strange ids."""
    truth = Truth(start=date(2023, 1, 1), days=540, acquisition_days=360)
    table = simulate(truth, 300, 5, block=300)[0]
    ids = table["customer_id"].to_pylist()
    known = dict(zip(sorted(set(ids)), STRANGE, strict=False))
    return table.set_column(
        table.schema.get_field_index("customer_id"), "customer_id", pa.array([known.get(each, each) for each in ids])
    )


@pytest.fixture(scope="session")
def shop(log: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """The log, and somebody who was visited and never bought, before the date and after it."""
    never = {"customer_id": "visited only", "event_type": "visit", "channel": "phone"}
    later = {"customer_id": "came later", "event_type": "purchase", "amount": 5.0}
    times = log.schema.field("event_time").type
    rows = [{**never, "event_time": date(2023, 10, 1)}, {**later, "event_time": date(2024, 4, 1)}]
    extra = pa.Table.from_pylist([{k: v for k, v in row.items() if k != "event_time"} for row in rows])
    when = pa.array([row["event_time"] for row in rows], pa.date32()).cast(times)
    whole = pa.concat_tables([log, extra.append_column("event_time", when)], promote_options="permissive")
    return stored(whole, tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def rule_then() -> Formula:
    """The rule of the earlier date: other weights, and no visits in it."""
    rule = load_formula()
    parts = tuple(replace(p, weight=2.0 if p.name == "amount" else p.weight) for p in rule.parts if p.name != "visits")
    return replace(rule, version="0", parts=parts)


@pytest.fixture(scope="session")
def report(shop: EventStore, rule_then: Formula) -> Report:
    """The report at AS_OF, DAYS days after, with what changed since SINCE under another rule."""
    return make_report(shop, AS_OF, DAYS, load_formula(), SINCE, rule_then, quick=True)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    """Three registered versions: two that learnt before AS_OF, the second of which expects more, and one from after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        tracking = open_tracking(tmp_path_factory.mktemp("home"))
    for rate, until in ((0.005, SINCE), (0.02, AS_OF), (0.01, "2024-04-01")):
        model = customer_model(rate)
        model = replace(model, card=replace(model.card, as_of=until, timezone="UTC"))
        with start_run(tracking, "fit") as fit:
            register(fit, model, tags={"candidate": "standard"})
    return tracking


@pytest.fixture(scope="session")
def compared(shop: EventStore, registry: Tracking) -> VersionComparison:
    """Versions 1 and 2 at AS_OF, whose DAYS days are over."""
    return compare_versions(shop, registry, (1, 2), AS_OF, DAYS)


@pytest.fixture(scope="session")
def tables(compared: VersionComparison) -> dict[str, pd.DataFrame]:
    """The tables of the comparison of versions 1 and 2; a test that changes one copies it."""
    return version_tables(compared)


@pytest.fixture(scope="session")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the report."""
    from reporting.page.html_page import write_page

    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(path, report)
    return path

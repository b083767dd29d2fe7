"""The first sentences of the report on three logs are those of the docs, and say what its tables say."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.simulate import simulate
from features.store.event_store import EventStore, open_store
from reporting.build import Report, make_report
from reporting.translations import catalogue, plain_text
from tests.training.logs import stored

ROOT = Path(__file__).parents[2]
CDNOW = ROOT.parent / "shared" / "data" / "cdnow_sample.parquet"
PAGE = ROOT / "docs" / "explanation" / "report.md"
DAYS = 90

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def example(folder: Path) -> EventStore:
    ingest(ROOT / "examples" / "online_retail_ii.parquet", folder / "store", timezone="Europe/London")
    return open_store(folder / "store")


def cdnow(folder: Path) -> EventStore:
    return stored(pq.read_table(CDNOW), folder)


def shop_with_visits(folder: Path) -> EventStore:
    return stored(simulate(None, 3_000, 1)[0], folder)


LOGS = {"The example": example, "CDNOW": cdnow, "A shop with visits": shop_with_visits}
WITHOUT_CDNOW = [pytest.mark.needs_data, pytest.mark.skipif(not CDNOW.exists(), reason="CDNOW may not be shipped")]


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=WITHOUT_CDNOW if name == "CDNOW" else []) for name in LOGS]
)
def named(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Report]:
    """The name of a log and its report over the last 90 days."""
    store = LOGS[request.param](tmp_path_factory.mktemp("log"))
    return request.param, make_report(store, None, DAYS, load_formula(), quick=True)


def sentences(report: Report) -> list[str]:
    """What the page says first, in Markdown."""
    texts = catalogue("en")
    return [plain_text(texts, key, values).replace("*", "**") for key, values in report.advice]


def in_the_docs(name: str) -> list[str]:
    """The list below the heading of a log."""
    section = PAGE.read_text().split(f"\n### {name}\n", 1)[1].split("\n#", 1)[0]
    return [re.sub(r"\s+", " ", each).strip() for each in section.split("\n- ")[1:]]


NUMBER = re.compile(r"−?\d[\d,.]*\d|−?\d")


def numbers(text: str) -> list[float]:
    return [float(each.replace(",", "").replace("−", "-")) for each in NUMBER.findall(text)]


def test_the_docs_have_the_sentences_of_each_log(named: tuple[str, Report]) -> None:
    """The same verdicts in the same words; figures may differ in the last digit between machines."""
    name, report = named
    found, written = sentences(report), in_the_docs(name)
    assert [NUMBER.sub("#", each) for each in found] == [NUMBER.sub("#", each) for each in written]
    for ours, theirs in zip(found, written, strict=True):
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=0.02, abs=1)


def test_the_sentences_are_what_the_tables_say(named: tuple[str, Report]) -> None:
    """The list of each side is drawn again from the customers' table and its outcome summed; so are the lapsed."""
    _, report = named
    customers = report.tables["customers"]
    headline = report.tables["headline"].set_index("outcome")
    said = {key.split(".")[1].rsplit("_", 1)[0]: (key, values) for key, values in report.advice}
    for outcome in ("purchases", "spend"):
        row, (key, values) = headline.loc[outcome], said[outcome]
        length = int(row["list"])
        forecast = {"purchases": "expected_purchases", "spend": "expected_spend"}[outcome]
        by_model = customers.nlargest(length, forecast, keep="all")[outcome].sum()
        assert by_model == pytest.approx(row["by_model"], rel=0.02)
        assert numbers(values["by_model"])[0] == pytest.approx(row["by_model"], abs=0.51)
        sure = "model" if row["low"] > 0 else "rule" if row["high"] < 0 else "open"
        assert key == f"advice.{outcome}_{sure}"
    if "silence" in dict.fromkeys(key.split(".")[1] for key, _ in report.advice):
        values = dict(report.advice)["advice.silence"]
        rule_only = customers[customers["quadrant"] == "rule_only"]
        assert values["customers"] == f"{len(rule_only):,}"
        assert float(values["rule"]) == pytest.approx(100 * (rule_only["segment"] == "lapsed").mean(), abs=0.51)
        assert float(values["rule_days"]) == pytest.approx(rule_only["days_since_last_purchase"].median(), abs=0.51)

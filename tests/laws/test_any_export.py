"""A log in any spelling comes through `regulars inspect` and `regulars ingest` as it was, or is refused."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import openpyxl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.main import app
from features.errors import AmbiguousSourceError
from features.schema import EVENT_TYPES
from features.store.event_store import open_store

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DATES = [
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y-%m-%d",
    "%d %b %Y",
    "%B %d, %Y",
    "%d.%m.%y",
    "%d-%b-%y",
]
CLOCKS = ["%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p", "%H.%M.%S"]
OTHERS = [
    *(
        "epoch_s",
        "epoch_ms",
        "epoch_us",
        "excel",
        "%Y%m%d%H%M",
        "%Y%m%d%H%M%S",
        "%Y%m%dT%H%M%SZ",
        "%Y-%m-%dT%H:%M:%S+0000",
    ),
    *("%a %b %d %H:%M:%S UTC %Y", "%Y年%m月%d日 %H时%M分%S秒", "%d/%b/%Y:%H:%M:%S +0000", "german"),
]
GERMAN = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November"]
MARKS = [(".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "'"), (",", "\N{NARROW NO-BREAK SPACE}")]
SIGNS = ["", "{} €", "€{}", "{} EUR", "USD {}", "${}", "R$ {}", "{} kr"]
NEGATIVES = ["-{}", "({})", "{}-", "\N{MINUS SIGN}{}"]
NAMES = [
    *(
        ("customer_id", "event_time", "amount"),
        ("Kundennummer", "Bestelldatum", "Betrag"),
        ("Customer", "Created at", "Total"),
    ),
    *(("客户编号", "下单时间", "实付金额"), ("cliente", "fecha", "importe")),
]
CUSTOMERS = ["007", "b", "Ärger", "x@shop.example", 'a "b"', "c;d", "e,f", "O'Neil", "王芳"]


class Spelling(NamedTuple):
    """How a log is written."""

    time: str
    marks: tuple[str, str]
    sign: str
    negative: str
    names: tuple[str, str, str]
    delimiter: str
    encoding: str
    line_end: str
    quoting: int
    above: list[str]
    total: bool
    container: str


SPELLINGS = st.builds(
    Spelling,
    st.sampled_from([*(f"{date} {clock}" for date in DATES for clock in CLOCKS), *DATES, *OTHERS]),
    st.sampled_from(MARKS),
    st.sampled_from(SIGNS),
    st.sampled_from(NEGATIVES),
    st.sampled_from(NAMES),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([[], ["sep"], ["Sales report", ""], ["Umsatz 2024", "erstellt am 1.1.2025", ""]]),
    st.booleans(),
    st.sampled_from(["csv", "csv", "csv.gz", "csv.zst", "xlsx", "jsonl", "jsonl.gz"]),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(CUSTOMERS),
        st.datetimes(datetime(2001, 9, 10), datetime(2035, 12, 31)).map(lambda moment: moment.replace(microsecond=0)),
        st.integers(-(10**8), 10**8),
    ),
    min_size=1,
    max_size=12,
)


def time_text(moment: datetime, spelling: str) -> str:
    moment = moment.replace(tzinfo=UTC)
    seconds = int((moment - EPOCH).total_seconds())
    if spelling.startswith("epoch"):
        return str(seconds * {"epoch_s": 1, "epoch_ms": 1000, "epoch_us": 1_000_000}[spelling])
    if spelling == "excel":
        return repr(seconds / 86_400 + 25_569)
    if spelling == "german":
        month = [*GERMAN, "Dezember"][moment.month - 1]
        return f"{moment.day}. {month} {moment.year}, {moment.strftime('%H:%M:%S')} Uhr"
    return moment.strftime(spelling)


def exact(moment: datetime, spelling: str) -> int:
    """Return the second that a spelling keeps of a moment, since 1970."""
    if spelling in DATES:
        moment = moment.replace(hour=0, minute=0, second=0)
    elif spelling.endswith(("%H:%M", "%I:%M %p", "%H%M")):
        moment = moment.replace(second=0)
    return int((moment.replace(tzinfo=UTC) - EPOCH).total_seconds())


def amount_text(cents: int, spelling: Spelling) -> str:
    decimal, thousands = spelling.marks
    text = f"{abs(cents) / 100:,.2f}".replace(",", "_").replace(".", decimal).replace("_", thousands)
    text = spelling.sign.format(text) if spelling.sign else text
    return spelling.negative.format(text) if cents < 0 else text


def written(folder: Path, rows: list[tuple[str, datetime, int]], spelling: Spelling) -> Path:
    """Write a log, and return its file."""
    table = [[who, time_text(moment, spelling.time), amount_text(cents, spelling)] for who, moment, cents in rows]
    path = folder / f"log.{spelling.container}"
    if spelling.container.startswith("jsonl"):
        lines = (json.dumps(dict(zip(spelling.names, row, strict=True)), ensure_ascii=False) for row in table)
        data = "".join(line + spelling.line_end for line in lines).encode()
    elif spelling.container == "xlsx":
        book = openpyxl.Workbook()
        for row in [*([line] for line in spelling.above if line and line != "sep"), list(spelling.names), *table]:
            book.active.append(row)
        book.save(path)
        return path
    else:
        text = io.StringIO(newline="")
        for line in spelling.above:
            text.write((f"sep={spelling.delimiter}" if line == "sep" else line) + spelling.line_end)
        writer = csv.writer(
            text, delimiter=spelling.delimiter, lineterminator=spelling.line_end, quoting=spelling.quoting
        )
        writer.writerows([spelling.names, *table, *([["Total", "", "99"]] if spelling.total else [])])
        data = text.getvalue().encode(spelling.encoding)
    packed: dict[str, Callable[[bytes], Any]] = {
        "gz": gzip.compress,
        "zst": lambda raw: pa.compress(raw, codec="zstd", asbytes=True),
    }
    path.write_bytes(packed.get(path.suffix[1:], bytes)(data))
    return path


@settings(max_examples=30, deadline=None)
@given(ROWS, SPELLINGS)
def test_any_export_gives_its_events_or_a_question(rows: list[tuple[str, datetime, int]], spelling: Spelling) -> None:
    """Each customer, second and cent; what can be read in two ways is asked, and then nothing is kept."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        log, profile, store = written(folder, rows, spelling), folder / "profile.toml", folder / "store"
        looked = CliRunner().invoke(app, ["inspect", str(log), "--out", str(profile)])
        assert looked.exit_code == 0, looked.exception
        ended = CliRunner().invoke(app, ["ingest", str(log), "--profile", str(profile), "--out", str(store)])
        if isinstance(ended.exception, AmbiguousSourceError):
            assert "give --" in str(ended.exception)
            assert f"question: {str(ended.exception).partition(': ')[2]}"[:60] in looked.stderr.replace("\n", "")
            assert not (store / "manifest.json").exists()
            return
        assert ended.exit_code == 0, ended.exception
        events = open_store(str(store))
        whose = {
            int(row): who for who, row in zip(events.customer_ids.to_pylist(), range(events.n_customers), strict=True)
        }
        counts = [int(end - start) for start, end in zip(events.offsets, events.offsets[1:], strict=False)]
        customers = [whose[row] for row, count in enumerate(counts) for _ in range(count)]
        columns = (events.columns[name].tolist() for name in ("time", "kind", "cents"))
        found = sorted(zip(customers, *columns, strict=True))
    expected = sorted(
        (
            who,
            exact(moment, spelling.time) * 1_000_000,
            EVENT_TYPES.index("return" if cents < 0 else "purchase"),
            abs(cents),
        )
        for who, moment, cents in rows
    )
    assert found == expected

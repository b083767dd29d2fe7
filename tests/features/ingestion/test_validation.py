"""The checks at the door: what passes, in which numbers; what does not, and why."""

import math
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from features.ingestion.validation import ValidatedBatch, ValidationRules, unreadable_type, validate_batch
from features.schema import EVENT_TYPES, GOALS, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES, VISIT_CHANNELS, VISIT_OUTCOMES
from features.store.layout import ABSENT
from features.timezones import business_timezone

UTC_RULES = ValidationRules(business_timezone("UTC"))
GOOD: dict[str, Any] = {"customer_id": "A", "event_time": "2024-01-01", "event_type": "visit"}


def check(rules: ValidationRules = UTC_RULES, **values: Any) -> ValidatedBatch:
    """Check one row."""
    log = GOOD | values
    return validate_batch({k: v if isinstance(v, pa.Array) else pa.array([v]) for k, v in log.items()}, rules)


def event(rules: ValidationRules = UTC_RULES, **values: Any) -> dict[str, Any]:
    """Return the one event of a good row, what is absent as None."""
    result = check(rules, **values)
    assert result.errors.entries == []
    (row,) = result.events.to_pylist()
    return {name: None if value == ABSENT.get(name) else value for name, value in row.items()}


def faults(rules: ValidationRules = UTC_RULES, **values: Any) -> list[str]:
    """Return what is wrong with one row, which must be taken out."""
    result = check(rules, **values)
    assert len(result.events) == (0 if result.errors.entries else 1)
    return [f"{column} {reason}" for column, reason, _ in result.errors.entries]


def test_a_full_row_becomes_numbers() -> None:
    """All columns of the contract, in the store's units."""
    row = event(
        customer_id=" A 1\t",
        event_time="2024-02-29T23:30:00.5+02:00",
        event_type=" visit ",
        amount="12.345",
        channel="email",
        goal="loyalty",
        content="needs",
        outcome="refused",
        satisfaction="7.5",
        loyalty="0",
        reference=" r ",
        sale_reference="s ",
        recorded_at="2024-03-01",
    )
    assert row == {
        "customer_id": "A 1",
        "time": 1_709_242_200_500_000,
        "kind": EVENT_TYPES.index("visit"),
        "cents": 1235,
        "channel": VISIT_CHANNELS.index("email"),
        "goal": GOALS.index("loyalty"),
        "outcome": VISIT_OUTCOMES.index("refused"),
        "satisfaction": 7500,
        "loyalty": 0,
        "reference": "r",
        "sale_reference": "s",
        "content": "needs",
        "known_from": 1_709_251_200_000_000,
    }


@pytest.mark.parametrize("blank", ["", "  ", "\t\u00a0", None])
def test_blank_text_is_null(blank: str | None) -> None:
    """Where a column may be absent, blanks are."""
    values = dict.fromkeys(("amount", "channel", "goal", "outcome", "satisfaction", "loyalty", "recorded_at"), blank)
    row = event(**values, reference=blank, sale_reference=blank)
    assert {name for name, value in row.items() if value is None} == {
        *("cents", "channel", "goal", "outcome", "satisfaction", "loyalty")
    }
    assert not {"reference", "sale_reference", "known_from"} & set(row)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("customer_id", "", "is empty"),
        ("customer_id", " \n", "is empty"),
        ("customer_id", None, "is empty"),
        ("customer_id", "A\0B", "holds a NUL byte"),
        ("customer_id", pa.array([b"\xff"]).view(pa.string()), "holds bytes that are not UTF-8"),
        ("customer_id", pa.array([math.nan]), "is empty"),
        ("event_time", "", "is empty"),
        ("event_time", None, "is empty"),
        ("event_time", "yesterday", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "31/12/2023", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "2023-02-29", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "2024-01-01 24:00:00", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "2024-01-01 23:59:60", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "20240101", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "2024-01-01\0", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "infinity", "is no time: expected one like 2011-06-10 09:30:00"),
        ("event_time", "0000-02-29", "is outside the years 1900 to 2200"),
        ("event_time", "1899-12-31 23:59:59.999999", "is outside the years 1900 to 2200"),
        ("event_time", "2201-01-01", "is outside the years 1900 to 2200"),
        ("event_time", "9999-12-31T23:59:59Z", "is outside the years 1900 to 2200"),
        ("event_time", pa.array([2**62], pa.timestamp("s")), "is outside the years 1900 to 2200"),
        ("event_time", pa.array([-(2**63) + 1], pa.timestamp("us")), "is outside the years 1900 to 2200"),
        ("event_time", pa.array([2**31 - 1], pa.date32()), "is outside the years 1900 to 2200"),
        ("event_type", "buy", f"is unknown: expected {', '.join(EVENT_TYPES)}"),
        ("event_type", "Purchase", f"is unknown: expected {', '.join(EVENT_TYPES)}"),
        ("event_type", "purchase\0", f"is unknown: expected {', '.join(EVENT_TYPES)}"),
        ("event_type", None, f"is empty: expected {', '.join(EVENT_TYPES)}"),
        ("event_type", " ", f"is empty: expected {', '.join(EVENT_TYPES)}"),
        ("amount", "abc", "is no number (decimal mark '.')"),
        ("amount", "1,5", "is no number (decimal mark '.')"),
        ("amount", "1_000", "is no number (decimal mark '.')"),
        ("amount", "0x10", "is no number (decimal mark '.')"),
        ("amount", "1e400", "is not finite"),
        ("amount", "NaN", "is not finite"),
        ("amount", math.nan, "is not finite"),
        ("amount", -math.inf, "is not finite"),
        ("amount", "-0.01", "is negative"),
        ("amount", 1.1e12, "is above 1000000000000"),
        ("channel", "fax", f"is unknown for visits: expected {', '.join(VISIT_CHANNELS)}"),
        ("channel", "coupon", f"is unknown for visits: expected {', '.join(VISIT_CHANNELS)}"),
        ("goal", "fun", f"is unknown for visits: expected {', '.join(GOALS)}"),
        ("outcome", "sent", f"is unknown for visits: expected {', '.join(VISIT_OUTCOMES)}"),
        ("satisfaction", 10.001, "is above 10"),
        ("satisfaction", "-1", "is negative"),
        ("loyalty", "inf", "is not finite"),
        ("loyalty", "good", "is no number (decimal mark '.')"),
        ("recorded_at", "soon", "is no time: expected one like 2011-06-10 09:30:00"),
        ("recorded_at", "9999-12-31", "is outside the years 1900 to 2200"),
    ],
)
def test_what_breaks_the_contract_is_named(column: str, value: Any, reason: str) -> None:
    """One fault, in its column, with what was expected."""
    assert faults(**{column: value}) == [f"{column} {reason}"]


def test_incentives_have_words_of_their_own() -> None:
    """Their channels and outcomes; a goal is free, and not kept."""
    row = event(event_type="incentive", channel="points", outcome="redeemed", goal="any")
    assert row["channel"] == INCENTIVE_CHANNELS.index("points")
    assert (row["outcome"], row["goal"]) == (INCENTIVE_OUTCOMES.index("redeemed"), None)
    assert faults(event_type="incentive", channel="phone", outcome="ordered") == [
        "channel is unknown for incentives: expected coupon, discount, points, rate",
        "outcome is unknown for incentives: expected sent, redeemed, expired",
    ]


@pytest.mark.parametrize("event_type", ["purchase", "return", "usage", "feedback"])
def test_words_are_free_elsewhere(event_type: str) -> None:
    """And not kept."""
    row = event(event_type=event_type, channel="web", goal="any", outcome="fine")
    assert (row["channel"], row["goal"], row["outcome"]) == (None, None, None)


def test_times_that_do_not_exist_are_named_and_the_first_of_two_is_taken() -> None:
    """On the night the clocks change in the business zone; an offset leaves no doubt."""
    berlin = ValidationRules(business_timezone("Europe/Berlin"))
    gap = "event_time does not exist in Europe/Berlin: the clocks were put forward over it"
    assert faults(berlin, event_time="2024-03-31 02:30:00") == [gap]
    assert faults(berlin, event_time=pa.array([datetime(2024, 3, 31, 2)], pa.timestamp("ms"))) == [gap]
    assert event(berlin, event_time="2024-03-31 02:30:00Z")["time"] == 1_711_852_200_000_000
    twice = event(berlin, event_time="2024-10-27 02:30:00")
    assert twice == event(berlin, event_time="2024-10-27 02:30:00+02:00")
    assert twice["time"] == datetime(2024, 10, 27, 0, 30, tzinfo=UTC).timestamp() * 1e6


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30)),
            st.one_of(st.none(), st.integers(-23 * 60, 23 * 60).map(lambda m: m if abs(m) >= 60 or m >= 0 else -m)),
            st.sampled_from(["seconds", "milliseconds", "microseconds", "minutes"]),
            st.sampled_from([" ", "T"]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"]),
    st.booleans(),
)
def test_iso_times_mean_what_python_says(rows: list[Any], timezone: str, spoiled: bool) -> None:
    """With offsets, without, or mixed, alone or beside an unreadable one: the moment and day that zoneinfo has."""
    zone = ZoneInfo(timezone)
    texts, expected = [], []
    for moment, offset, precision, between in rows:
        text = moment.isoformat(between, precision)
        if offset is not None:
            text += "Z" if offset == 0 else f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
        texts.append(text)
        read = datetime.fromisoformat(text)
        expected.append(read if read.tzinfo else read.replace(tzinfo=zone))
    assume(
        all(
            t.tzinfo is not zone or t.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == t.replace(tzinfo=None)
            for t in expected
        )
    )
    texts += ["spoiled"] * spoiled
    size = len(texts)
    log = {
        "customer_id": pa.array(["A"] * size),
        "event_time": pa.array(texts),
        "event_type": pa.array(["usage"] * size),
    }
    clock = business_timezone(timezone)
    events = validate_batch(log, ValidationRules(clock)).events
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert events["time"].to_pylist() == [(t - epoch) // timedelta(microseconds=1) for t in expected]
    assert clock.days(events["time"].to_numpy()).tolist() == [t.astimezone(zone).toordinal() - 719163 for t in expected]


TIME_SCRAPS = st.lists(
    st.sampled_from(
        ["2024", "0000", "-", "01", "02", "29", "30", " ", "T", ":", ".", "1", "12", "24", "Z", "+", "5", "123456"]
    ),
    max_size=14,
).map("".join)
TIMES = st.one_of(TIME_SCRAPS, st.from_regex(r"[12][09]\d\d-[01]\d-[0-3]\d([ T][0-2]\d(:[0-6]\d)?)?", fullmatch=True))


@given(st.lists(TIMES, min_size=1, max_size=5), st.lists(TIMES, max_size=5))
def test_the_company_of_a_time_does_not_matter(texts: list[str], others: list[str]) -> None:
    """A text is a time or none, and the same one, whatever stands in the rows about it."""

    def read(column: list[str]) -> list[int | None]:
        size = len(column)
        log = {
            "customer_id": pa.array(["A"] * size),
            "event_time": pa.array(column),
            "event_type": pa.array(["usage"] * size),
        }
        found: list[int | None] = [None] * size
        result = validate_batch(log, UTC_RULES)
        rows = range(size) if result.rows is None else result.rows.tolist()
        for row, time in zip(rows, result.events["time"].to_pylist(), strict=True):
            found[row] = time
        return found

    alone = [read([text])[0] for text in texts]
    assert read([*texts, *others])[: len(texts)] == alone
    assert read([*texts, "2024-01-01 00:00:00+01:00", "2024-01-01", "?"])[: len(texts)] == alone


NUMBERS = st.one_of(
    st.text(st.sampled_from("0123456789.,+-eE_ infax"), max_size=8),
    st.floats(allow_nan=True).map(str),
    st.sampled_from(["1e400", "nan(1)", "Infinity", ".5", "5.", "+5", "1e", "١"]),
)


@given(st.lists(NUMBERS, min_size=1, max_size=5))
def test_the_company_of_a_number_does_not_matter(texts: list[str]) -> None:
    """A text is a number or none, and Python's float agrees where it is one."""

    def read(column: list[str]) -> list[int | None]:
        log = {name: pa.array([value] * len(column)) for name, value in GOOD.items()} | {"amount": pa.array(column)}
        found: list[int | None] = [None] * len(column)
        result = validate_batch(log, UTC_RULES)
        rows = range(len(column)) if result.rows is None else result.rows.tolist()
        for row, cents in zip(rows, result.events["cents"].to_pylist(), strict=True):
            found[row] = cents
        return found

    alone = [read([text])[0] for text in texts]
    assert read([*texts, "?", ""])[: len(texts)] == alone
    for text, cents in zip(texts, alone, strict=True):
        if cents is not None and cents != ABSENT["cents"]:
            assert cents == math.floor(float(text) * 100 + 0.5)


@given(st.floats(0, 1e12), st.floats(0, 10))
def test_typed_and_written_numbers_are_the_same(amount: float, rating: float) -> None:
    """And half a cent is rounded up."""
    typed = event(amount=amount, satisfaction=rating)
    assert typed == event(amount=repr(amount), satisfaction=repr(rating))
    assert typed["cents"] == math.floor(amount * 100 + 0.5)
    assert typed["satisfaction"] == math.floor(rating * 1000 + 0.5)


def test_a_decimal_comma_takes_no_points() -> None:
    """12,5 is a number then, and 1.234,5 is not guessed at."""
    comma = ValidationRules(business_timezone("UTC"), decimal=",")
    assert event(comma, amount="12,5")["cents"] == 1250
    assert event(comma, amount="7")["cents"] == 700
    for text in ("1.234,5", "12.5", "1,2,3"):
        assert faults(comma, amount=text) == ["amount is no number (decimal mark ',')"]


def test_the_highest_rating_is_the_configured_one() -> None:
    """Five stars, or a hundred points."""
    assert faults(ValidationRules(business_timezone("UTC"), 5.0), satisfaction=5.5) == ["satisfaction is above 5"]
    assert event(ValidationRules(business_timezone("UTC"), 100.0), satisfaction=99.5)["satisfaction"] == 99_500


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("customer_id", pa.array(["A"], pa.large_string())),
        ("customer_id", pa.array(["A"], pa.string_view())),
        ("customer_id", pa.array(["A"]).dictionary_encode()),
        ("customer_id", pa.array([b"A"], pa.binary())),
        ("event_time", pa.array([date(2024, 1, 1)])),
        ("event_time", pa.array([date(2024, 1, 1)], pa.date64())),
        *(("event_time", pa.array([datetime(2024, 1, 1)], pa.timestamp(unit))) for unit in ("s", "ms", "us", "ns")),
        ("event_time", pa.array([datetime(2024, 1, 1, tzinfo=UTC)], pa.timestamp("ns", "Asia/Tokyo"))),
        ("event_time", pa.array(["2024-01-01"]).dictionary_encode()),
        ("event_type", pa.array(["visit"]).dictionary_encode()),
        ("event_type", pa.array(["visit"], pa.large_string()).dictionary_encode()),
    ],
)
def test_types_do_not_matter(column: str, values: pa.Array) -> None:
    """The same event, however its columns are kept."""
    assert unreadable_type(column, values.type) is None
    assert event(**{column: values}) == event()


def test_whole_numbers_make_ids_of_themselves() -> None:
    """17850 is the customer 17850, also where gaps in the table have made it 17850.0."""
    ids = [pa.array([17850], type_) for type_ in (pa.int64(), pa.uint32(), pa.float64(), pa.float32())]
    assert {event(customer_id=column)["customer_id"] for column in ids} == {"17850"}
    assert event(customer_id=pa.array([1.5]))["customer_id"] == "1.5"


@pytest.mark.parametrize(
    ("column", "type_", "expected"),
    [
        ("event_time", pa.int64(), "timestamps, dates or text"),
        ("event_time", pa.bool_(), "timestamps, dates or text"),
        ("amount", pa.bool_(), "numbers or text"),
        ("amount", pa.timestamp("us"), "numbers or text"),
        ("customer_id", pa.list_(pa.string()), "text or whole numbers"),
        ("channel", pa.bool_(), "text or whole numbers"),
    ],
)
def test_types_that_cannot_be_read_are_refused(column: str, type_: pa.DataType, expected: str) -> None:
    """Before any row is read."""
    assert unreadable_type(column, type_) == expected


def test_a_row_with_many_errors_has_each_of_them_once() -> None:
    """In the order of the columns; good rows beside it stay."""
    log = {
        "customer_id": pa.array(["", "A"]),
        "event_time": pa.array(["x", "2024-01-01"]),
        "event_type": pa.array(["buy", "usage"]),
        "amount": pa.array(["-1", None]),
    }
    result = validate_batch(log, UTC_RULES)
    assert [column for column, _, _ in result.errors.entries] == ["customer_id", "event_time", "event_type", "amount"]
    assert result.rows is not None
    assert result.rows.tolist() == [1]


def test_slices_are_read_where_they_lie() -> None:
    """Arrays that are parts of longer ones, with nulls, give the same as copies of them."""
    times = pa.array([datetime(2024, 1, d) if d % 3 else None for d in range(1, 20)], pa.timestamp("us"))
    log = {
        "customer_id": pa.array([f"c{d}" for d in range(19)]),
        "event_time": times,
        "event_type": pa.array(["usage", "visit", None] * 6 + ["usage"]).dictionary_encode(),
        "amount": pa.array([d / 7 if d % 2 else None for d in range(19)]),
        "channel": pa.array(["phone", None, "x"] * 6 + ["email"]),
    }
    part = {name: column.slice(5, 9) for name, column in log.items()}
    copy = {name: pa.array(column.to_pylist(), column.type) for name, column in part.items()}
    one, other = validate_batch(part, UTC_RULES), validate_batch(copy, UTC_RULES)
    assert one.events.equals(other.events)
    assert np.array_equal(one.rows, other.rows)


def test_ids_that_come_as_codes_are_checked_as_texts() -> None:
    """The same ids, the same faults; an entry that no row has is not looked at."""
    ids = pa.array([b" A ", b"", None, b"A\0", b"A", b"\xff", b"B"]).view(pa.string())
    entries = pa.array([b"B", b"A\0", b"A", b"\xff", b" A ", b"", b"\0 on no row"]).view(pa.string())
    coded = pa.DictionaryArray.from_arrays(pa.array([4, 5, None, 1, 2, 3, 0], pa.int8()), entries)
    results = []
    for column in (ids, coded):
        log = {name: pa.array([value] * len(ids)) for name, value in GOOD.items()} | {"customer_id": column}
        result = validate_batch(log, UTC_RULES)
        assert result.rows is not None
        found = {(reason, row) for name, reason, rows in result.errors.entries for row in rows.tolist()}
        results.append((result.events["customer_id"].to_pylist(), result.rows.tolist(), found))
    assert results[0] == results[1]
    assert results[0][:2] == (["A", "A", "B"], [0, 4, 6])
    assert len(results[0][2]) == 4


def test_texts_are_kept_of_their_event_types_alone() -> None:
    """Content of visits, plan items of visits and incentives; what is unreadable elsewhere is no fault."""
    types = ["visit", "incentive", "purchase", "visit"]
    log = {
        "customer_id": pa.array(["a"] * 4),
        "event_time": pa.array(["2024-02-29"] * 4),
        "event_type": pa.array(types),
        "content": pa.array([b"needs", b"needs", b"\xff", b" "], pa.binary()),
        "plan_item": pa.array([" P1", "P2", "P3", None]),
    }
    found = validate_batch(log, UTC_RULES)
    assert found.errors.entries == []
    assert found.events["content"].to_pylist() == ["needs", None, None, None]
    assert found.events["plan_item"].to_pylist() == ["P1", "P2", None, None]
    log["event_type"] = pa.array(["visit"] * 4)
    [(column, reason, rows)] = validate_batch(log, UTC_RULES).errors.entries
    assert (column, reason, rows.tolist()) == ("content", "holds bytes that are not UTF-8", [2])

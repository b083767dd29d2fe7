"""The formula file: the packaged one, what a firm may write, and what it is told when that is wrong."""

from dataclasses import FrozenInstanceError, replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import FormulaError
from features.loyalty.formula import Band, Formula, Part, load_formula

RULE = load_formula()


def make(*parts: Part) -> Formula:
    return Formula("test", "a test", date(2026, 1, 1), parts, (Band("low", 0), Band("high", 50)))


def test_packaged_formula_is_the_documented_one() -> None:
    """The default parts, bands and maxima, and only parts of optional data ask for data."""
    parts = [(part.name, part.column, part.maximum, part.weight, part.data) for part in RULE.parts]
    assert parts == [
        ("purchases", "net_purchase_days_365", 12, 4, None),
        ("amount", "net_spend_365", 1000, 3, None),
        ("usage", "usage_365", 52, 1, "usage_count"),
        ("feedback", "feedback_365", 4, 1, "feedback_count"),
        ("visits", "visits_365", 6, 1, "visit_count"),
    ]
    assert [(band.name, band.at_least) for band in RULE.bands] == [
        ("bronze", 0),
        ("silver", 40),
        ("gold", 70),
    ]
    assert (RULE.maxima.satisfaction, RULE.maxima.loyalty, RULE.maxima.purchases) == (10, 10, 12)
    assert RULE.version
    assert RULE.reason


def test_formula_cannot_be_changed_in_place() -> None:
    """A formula is frozen and hashable; a change makes a new one."""
    with pytest.raises(FrozenInstanceError):
        RULE.parts[0].weight = 9.0  # type: ignore[misc]
    assert hash(RULE) == hash(load_formula())
    assert load_formula() == RULE


GOOD = """\
version = "7"
date = 2026-01-31
reason = "a test"
[parts.purchases]
column = "net_purchase_days_365"
maximum = 12
weight = 4
[parts.visits]
column = "visits_365"
maximum = 6
weight = 0.5
data = "visit_count"
[bands]
low = 0
high = 50.5
[maxima]
satisfaction = 5
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    """A firm's own file is read from a path, with or without a byte order mark and with either line end."""
    file = tmp_path / "own.toml"
    file.write_text(GOOD, encoding="utf-8")
    formula = load_formula(file)
    assert (formula.version, formula.date) == ("7", date(2026, 1, 31))
    assert formula.parts[1] == Part("visits", "visits_365", 6, 0.5, "visit_count")
    assert formula.bands == (Band("low", 0), Band("high", 50.5))
    assert (formula.maxima.satisfaction, formula.maxima.loyalty) == (5, 10)
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_formula(str(file)) == formula


FAULTS = {
    'version = "7"': [
        ("", "version: found nothing, expected a value; add the key"),
        ("version = 7", "version: found 7, expected text in quotes"),
        ('version = " "', "version: found ' ', expected text"),
        ("version = ", "expected TOML in UTF-8; correct the file"),
        (
            'version = "7"\nversions = 1',
            "versions: unknown key, expected one of version, reason, date, parts",
        ),
        ('version = "7"\n"a\\nb" = 1', r"'a\nb': unknown key"),
        ('version = "7"\nx = ' + "[" * 5000, "expected TOML in UTF-8; correct the file"),
    ],
    "date = 2026-01-31": [
        (
            'date = "2026-01-31"',
            "date: found '2026-01-31', expected a date; write it like 2026-11-22, without quotes",
        ),
        ("date = 2026-01-31T10:00:00", "date: found '2026-01-31 10:00:00', expected a date"),
    ],
    'reason = "a test"': [("", "reason: found nothing"), ("reason = ''", "reason: found '', expected text")],
    "maximum = 12": [
        ("maximum = 0", "parts.purchases.maximum: found 0, expected a finite number > 0; give the value"),
        ("maximum = inf", "parts.purchases.maximum: found inf"),
        ("maximum = nan", "parts.purchases.maximum: found nan"),
        ("maximum = 1e400", "parts.purchases.maximum: found inf"),
        ("maximum = 1" + "0" * 400, "parts.purchases.maximum: found 1000"),
        ("maximum = 1" + "0" * 5000, "expected TOML in UTF-8; correct the file"),
        ("maximum = true", "parts.purchases.maximum: found True"),
        ('maximum = "12"', "parts.purchases.maximum: found '12'"),
        ("", "parts.purchases.maximum: found nothing, expected a value; add the key"),
    ],
    "weight = 4": [
        ("weight = -1", "parts.purchases.weight: found -1, expected a finite number >= 0; use 0 to switch"),
        ("weight = inf", "parts.purchases.weight: found inf"),
        ("weight = nan", "parts.purchases.weight: found nan"),
        ("weight = 1e308", "parts: found 1e+308, expected weights with a finite sum > 0"),
        ("wieght = 4", "parts.purchases.wieght: unknown key, expected one of column, maximum, weight, data"),
        ("weight = 4\ndata = 1", "parts.purchases.data: found 1, expected text in quotes"),
    ],
    'column = "visits_365"': [("column = 3", "parts.visits.column: found 3, expected text in quotes; fill it in")],
    "[parts.visits]": [
        ("[parts.purchases]", "expected TOML in UTF-8; correct the file"),
        ("[parts.Visits]", "parts: found 'Visits', expected a name of a-z, 0-9 and _; rename the part"),
        ('[parts."a\\nb"]', r"parts: found 'a\nb', expected a name"),
        ("[parts]\nvisits = 3\n[other]", "other: unknown key"),
    ],
    "low = 0": [
        ("low = 1", "bands.low: found 1.0, expected 0; let the lowest band begin at 0"),
        ("low = '0'", "bands.low: found '0', expected a number from 0 to 100"),
    ],
    "high = 50.5": [
        (
            "high = 0",
            "bands.high: found 0.0, expected more than 0.0 of the band before; list them low to high",
        ),
        ("high = 101", "bands.high: found 101, expected a number from 0 to 100"),
        ("high = nan", "bands.high: found nan"),
        ('"" = 50', "bands: found '', expected text in quotes"),
    ],
    "[bands]\nlow = 0\nhigh = 50.5": [
        ("", "bands: found nothing, expected a value; add the key"),
        ("[bands]", "bands: found [], expected at least one"),
        ("[[bands]]", "bands: found [{}], expected a table; begin it with [bands]"),
    ],
    "satisfaction = 5": [
        ("satisfaction = 0", "maxima.satisfaction: found 0, expected a finite number > 0"),
        ("satisfied = 5", "maxima.satisfied: unknown key, expected one of satisfaction, loyalty, purchases"),
    ],
}


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [(good, bad, message) for good, faults in FAULTS.items() for bad, message in faults],
    ids=lambda value: value[:40],
)
def test_a_faulty_file_gives_one_clear_line(tmp_path: Path, good: str, bad: str, message: str) -> None:
    """Each fault names file and key path, says what was found and expected, in one line."""
    assert good in GOOD
    file = tmp_path / "own.toml"
    file.write_text(GOOD.replace(good, bad), encoding="utf-8")
    with pytest.raises(FormulaError) as error:
        load_formula(file)
    assert message in str(error.value)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value).replace(str(file), "")) < 200


def test_unusable_files_give_one_clear_line(tmp_path: Path) -> None:
    """An absent file, a folder, an empty file and one that is not text say so."""
    with pytest.raises(FormulaError, match=r"absent\.toml: No such file or directory, expected a formula"):
        load_formula(tmp_path / "absent.toml")
    with pytest.raises(FormulaError, match="Is a directory"):
        load_formula(tmp_path)
    file = tmp_path / "own.toml"
    file.write_bytes(b"")
    with pytest.raises(FormulaError, match="version: found nothing"):
        load_formula(file)
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormulaError, match="expected TOML in UTF-8"):
        load_formula(file)


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, len(GOOD)))
def test_no_file_gives_a_traceback(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    """Whatever bytes are put into a file, it is read or refused as a FormulaError in one line."""
    file = tmp_path_factory.mktemp("noise") / "own.toml"
    file.write_bytes(GOOD.encode()[:at] + noise + GOOD.encode()[at:])
    try:
        load_formula(file)
    except FormulaError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017


def test_formula_in_code_is_checked_like_a_file() -> None:
    """Names may not repeat, there must be parts and bands, and a time of day is no date."""
    part = Part("a", "usage_365", 1, 1)
    with pytest.raises(FormulaError, match=r"parts: found \['a', 'a'\], expected at least one, no name twice"):
        make(part, part)
    with pytest.raises(FormulaError, match=r"parts: found \[\]"):
        make()
    with pytest.raises(FormulaError, match=r"parts: found 0\.0, expected weights with a finite sum > 0"):
        make(replace(part, weight=0))
    with pytest.raises(FormulaError, match=r"bands: found \['a', 'a'\]"):
        replace(make(part), bands=(Band("a", 0), Band("a", 1)))
    with pytest.raises(FormulaError, match="date: found"):
        replace(make(part), date=datetime(2026, 1, 1))

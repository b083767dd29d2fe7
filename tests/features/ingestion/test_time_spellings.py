"""Times of other programs and languages come into one form; which number is the day stays open."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.ingestion.time_spellings import MONTHS, normal_form


def one(text: str) -> str:
    return str(normal_form(pa.array([text, None]))[0].as_py())


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024-03-01 09:05:07", "2024-03-01 09:05:07"),
        ("2024-03-01t09:05:07z", "2024-03-01 09:05:07+0000"),
        ("2024-03-01 09:05:07,25", "2024-03-01 09:05:07.25"),
        ("2024-03-01 09:05:07:250", "2024-03-01 09:05:07.250"),
        ("2024-03-01 09:05:07.123456789", "2024-03-01 09:05:07.123456"),
        ("20240301T090507Z", "2024-03-01 09:05:07+0000"),
        ("20240301 9:05", "2024-03-01 9:05"),
        ("2024-03-01-09.05.07.123456", "2024-03-01 09:05:07.123456"),
        ("2024-03-01_09-05-07", "2024-03-01 09:05:07"),
        ("2024-03-01T09:05+01:00[Europe/Berlin]", "2024-03-01 09:05+01:00"),
        ("2024W095", "2024-W09-5"),
        ("2024. 3. 1. 9:05", "2024-3-1 9:05"),
        ("1.3.2024", "1-3-2024"),
        ("01/03/24, 9:05 a. m.", "01-03-24 9:05 am"),
        ("01.03.2024 9.05", "01-03-2024 9:05"),
        ("01.03.2024 um 9 Uhr", "01-03-2024 9:00"),
        ("01/03/2024 9h05", "01-03-2024 9:05"),
        ("Freitag, 1. März 2024 9:05 Uhr", "1-Mar-2024 9:05"),
        ("1 de febrero de 2024", "1-Feb-2024"),
        ("1er août 2024", "1-Aug-2024"),
        ("01-MAR-24 09.05.07.000000 PM", "01-Mar-24 09:05:07.000000 Pm"),
        ("Fri Mar  1 09:05:07 UTC 2024", "1-Mar-2024 09:05:07+0000"),
        ("01/Mar/2024:09:05:07 +0100", "01-Mar-2024 09:05:07+0100"),
        ("2024年3月1日(金) 9時05分07秒", "2024-3-1 9:05:07"),
        ("2024/3/1 下午3:05", "2024-3-1 3:05 Pm"),
        ("2024년 3월 1일", "2024-3-1"),
        ("marraskuu 1 2024", "marraskuu 1 2024"),
        ("2024-03-01 09-05", "2024-03-01 09-05"),
        ("order 17", "order 17"),
    ],
)
def test_the_form_of_a_time(text: str, form: str) -> None:
    """What has several meanings, or none, stays as it is."""
    assert one(text) == form


def test_no_name_of_a_month_means_two() -> None:
    """In any of the languages, and an English short form is in no other month's names."""
    names = [name for names in MONTHS.values() for name in names.split()]
    assert len(names) == len(set(names))
    for month, own in MONTHS.items():
        assert [key for key, others in MONTHS.items() if month.lower() in others.split()] in ([], [month])
        assert all(one(f"7. {name.title()} 2024") == f"7-{month}-2024" for name in own.split())


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d-%m-%Y", "%d-%b-%Y"]))
def test_the_form_is_its_own_form(day: date, form: str) -> None:
    """Nothing changes at a second time."""
    text = day.strftime(f"{form} 09:05:07")
    assert one(text) == text

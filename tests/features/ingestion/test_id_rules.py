"""Customers are told from words for nobody, and ids are made equal only where a profile asks for it."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from features.ingestion.casting import RowErrors
from features.ingestion.id_rules import IS_TOTAL, NOBODY, read_ids
from features.ingestion.profile import IdProfile


def ids(
    texts: Sequence[str | None], as_dictionary: bool = False, **rules: object
) -> tuple[list[str | None], list[int]]:
    """Return the ids, and the rows that stand for nobody."""
    errors = RowErrors()
    column = pa.array(texts, pa.string())
    column = column.dictionary_encode() if as_dictionary else column
    found = read_ids(column, IdProfile(**rules), errors)  # type: ignore[arg-type]
    return found.to_pylist(), [row for _, _, rows in errors.entries for row in rows.tolist()]


@pytest.mark.parametrize("as_dictionary", [False, True])
def test_words_for_nobody_are_faulty(as_dictionary: bool) -> None:
    """Whatever their case, with spaces around them; ids that only begin so are customers."""
    texts = ["007", "7", "NULL", " nan", "None", "N/A", "guest", "guest1", "0", "-1", None, "Ünal", "-", "NULL"]
    found, nobody = ids(texts, as_dictionary)
    assert found == texts
    assert nobody == [2, 3, 4, 5, 6, 12, 13]
    assert ids(list(NOBODY), as_dictionary)[1] == list(range(len(NOBODY)))


def test_the_firms_own_words_count_too() -> None:
    """As a profile lists them."""
    assert ids(["Laufkunde", "0", "a"], nobody=("laufkunde ", "0"))[1] == [0, 1]


@pytest.mark.parametrize("as_dictionary", [False, True])
def test_ids_are_made_equal_on_request(as_dictionary: bool) -> None:
    """Whole numbers, capitals, spaces."""
    assert ids(["12346.0", "12346", "1.5", "007.0"], as_dictionary)[0] == ["12346.0", "12346", "1.5", "007.0"]
    found = ids(["12346.0", "12346", "1.5", "007.00", "-1.0"], as_dictionary, whole_numbers=True)[0]
    assert found == ["12346", "12346", "1.5", "007", "-1"]
    assert ids([" Anna@Shop.example", "ÄB"], as_dictionary, fold_case=True)[0] == ["anna@shop.example", "äb"]
    assert ids(["AB 12  3 "], as_dictionary, fold_spaces=True)[0] == ["AB123"]


def test_numbers_are_ids_too() -> None:
    """Floats of whole numbers as these."""
    assert read_ids(pa.array([12346.0, None]), IdProfile(), RowErrors()).to_pylist() == ["12346", None]


def test_totals_are_no_customers() -> None:
    """In several languages, with a colon behind; the reason says that nothing is lost."""
    errors = RowErrors()
    texts = ["Total", "SUMME:", "合计", " Grand Total", "Total Energies", "t1", None]
    read_ids(pa.array(texts), IdProfile(), errors)
    assert [(reason, rows.tolist()) for _, reason, rows in errors.entries] == [(IS_TOTAL, [0, 1, 2, 3])]

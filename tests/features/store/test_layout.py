"""The layout of the store is complete, and it is the one that existing stores have."""

import numpy as np

from features.schema import EVENT_TYPES
from features.store.layout import (
    ABSENT,
    CODED_WORDS,
    DTYPES,
    EVENT_COLUMNS,
    IDENTITY_DTYPES,
    KIND_CODES,
    RECORD_COLUMNS,
    SALE_COLUMNS,
    SORT_ORDER,
    TEXT_DTYPES,
    VERSION_ORDER,
)


def test_every_column_has_its_place_in_the_order() -> None:
    """Rows are sorted by time and kind, then by all other columns, and when they were known comes last."""
    assert sorted(SORT_ORDER) == sorted([*DTYPES, *SALE_COLUMNS])
    assert SORT_ORDER[:2] == ("time", "kind")
    assert set(SORT_ORDER[-2:]) == set(RECORD_COLUMNS)
    assert (*EVENT_COLUMNS, *RECORD_COLUMNS) == tuple(DTYPES)


def test_versions_are_compared_by_all_their_content() -> None:
    """Two versions of one event share their kind, and their day follows from the time; all else decides."""
    assert set(VERSION_ORDER) == set(EVENT_COLUMNS) - {"kind", "day"} | {"sale_reference"}


def test_absent_values_fit_their_columns_and_are_no_code() -> None:
    """Each one can be stored, and no word of any event type has its code."""
    for name, value in ABSENT.items():
        dtype = {**DTYPES, **TEXT_DTYPES}[name]
        assert np.iinfo(dtype).min <= value <= np.iinfo(dtype).max
    for name, by_type in CODED_WORDS.items():
        assert by_type.keys() <= set(EVENT_TYPES)
        assert all(len(words) < ABSENT[name] - 1 for words in by_type.values())  # 254 marks a wrong word


def test_existing_stores_have_this_layout() -> None:
    """A change of any of these needs a new SCHEMA_VERSION: the arrays on disk do not say what their numbers mean."""
    assert {name: np.dtype(dtype).str for name, dtype in DTYPES.items()} == {
        "time": "<i8",
        "day": "<i4",
        "kind": "|u1",
        "cents": "<i8",
        "channel": "|u1",
        "goal": "|u1",
        "outcome": "|u1",
        "satisfaction": "<i4",
        "loyalty": "<i4",
        "known_from": "<i8",
        "known_until": "<i8",
    }
    assert {name: np.dtype(dtype).str for name, dtype in IDENTITY_DTYPES.items()} == {
        "reference": "<i8",
        "sale_reference": "<i8",
        "details": "<i8",
    }
    assert {name: np.dtype(dtype).str for name, dtype in TEXT_DTYPES.items()} == {"content": "<i4", "plan_item": "<i4"}
    assert list(KIND_CODES) == ["visit", "incentive", "usage", "purchase", "return", "feedback"]
    assert list(KIND_CODES.values()) == [0, 1, 2, 3, 4, 5]
    assert CODED_WORDS["channel"]["visit"] == ("face_to_face", "phone", "email")
    assert CODED_WORDS["goal"]["visit"] == ("purchase_count", "purchase_value", "satisfaction", "loyalty")
    assert CODED_WORDS["outcome"]["visit"] == ("ordered", "interested", "neutral", "refused", "no_contact")
    assert CODED_WORDS["channel"]["incentive"] == ("coupon", "discount", "points", "rate")
    assert CODED_WORDS["outcome"]["incentive"] == ("sent", "redeemed", "expired")

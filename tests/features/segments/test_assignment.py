"""One customer and many have equal classes, and the boundaries part a base into classes of equal size."""

import math

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import SegmentsError
from features.segments.assignment import assign, assign_one, learn_boundaries
from features.segments.segmentation import MEASURES, Boundaries, load_segmentation

BASE = load_segmentation()
COLUMN = BASE.columns
LEARNT = Boundaries("2024-06-01", "abc", (3.0, 10.0, 30.0, 90.0), (1.0, 1.0, 2.0, 4.0), (10.0, 20.0, 40.0, 80.0))
SEGMENTATION = msgspec.structs.replace(BASE, boundaries=LEARNT)
VALUE = st.sampled_from([*{v for name in MEASURES for v in getattr(LEARNT, name)}, 0.0, math.nan]) | st.floats(0, 200)


def table(rows: list[tuple[float, float, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=[COLUMN[name] for name in MEASURES], dtype="float64")
    return frame.rename_axis("customer_id")


@given(st.lists(st.tuples(VALUE, VALUE, VALUE), max_size=10))
def test_one_and_many_are_equal(rows: list[tuple[float, float, float]]) -> None:
    """Also on the boundaries, and without a value."""
    features = table(rows)
    many = assign(features, SEGMENTATION)
    for position, row in enumerate(features.to_dict("records")):
        one = assign_one(row, SEGMENTATION)
        *classes, segment = many.iloc[position]
        if one is None:
            assert all(pd.isna(value) for value in (*classes, segment))
        else:
            assert (tuple(classes), segment) == one


@given(st.tuples(*[st.floats(0, 200)] * 3), st.floats(0, 100))
def test_a_better_value_is_never_a_lower_class(values: tuple[float, float, float], more: float) -> None:
    """Bought later, more often or for more."""

    def classes(recency: float, frequency: float, monetary: float) -> tuple[int, ...]:
        found = assign_one(dict(zip(COLUMN.values(), (recency, frequency, monetary), strict=True)), SEGMENTATION)
        assert found is not None
        return found.classes

    r, f, m = values
    assert classes(max(0.0, r - more), f, m)[0] >= classes(r, f, m)[0]
    assert classes(r, f + more, m)[1] >= classes(r, f, m)[1]
    assert classes(r, f, m + more)[2] >= classes(r, f, m)[2]


def test_classes_worked_by_hand() -> None:
    """A value on a boundary is on its lower side; of equal boundaries the classes between have nobody."""
    found = assign(table([(3, 1, 10), (3.1, 1.5, 10.1), (91, 5, 81), (math.nan, 0, 0)]), SEGMENTATION)
    assert found.iloc[:3, :3].to_numpy().tolist() == [[5, 1, 1], [4, 3, 2], [1, 5, 5]]
    assert found["segment"].tolist()[:3] == ["new", "loyal", "cannot_lose"]
    assert found.iloc[3].isna().all()


def test_learnt_boundaries_part_a_base_evenly() -> None:
    """A fifth of the customers in each class where no values are equal; who never bought does not count."""
    draw = np.random.default_rng(1)
    features = table([tuple(row) for row in draw.permuted(np.tile(np.arange(1.0, 101.0), (3, 1)), axis=1).T])
    features.loc[100] = [math.nan, 0.0, 0.0]
    boundaries = learn_boundaries(features, BASE, "2024-06-01", "abc")
    assert boundaries.recency == boundaries.frequency == boundaries.monetary == (20.0, 40.0, 60.0, 80.0)
    found = assign(features, msgspec.structs.replace(BASE, boundaries=boundaries))
    for name in ("rfm_recency", "rfm_frequency", "rfm_monetary"):
        assert found[name].value_counts().to_dict() == dict.fromkeys(range(1, 6), 20)


def test_a_column_without_values_is_refused() -> None:
    """A log without amounts has no spend: the message says what to do."""
    features = table([(1, 1, math.nan)])
    with pytest.raises(SegmentsError, match=r"nobody has a value of net_spend at 2024-06-01: give columns\.monetary"):
        learn_boundaries(features, BASE, "2024-06-01", "abc")

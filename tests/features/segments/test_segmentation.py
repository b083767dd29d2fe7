"""The definition of segments checks itself, and boundaries are kept in its file."""

from importlib import resources
from pathlib import Path

import msgspec
import pytest

from features.errors import SegmentsError
from features.segments.segmentation import Boundaries, Segmentation, load_segmentation, with_boundaries

TEXT = resources.files("features.segments").joinpath("segments.toml").read_text("utf-8")
LEARNT = Boundaries("2024-06-01", "abc", (3.0, 10.0, 30.0, 90.0), (1.0, 1.0, 2.0, 4.0), (10.5, 20.0, 40.0, 1e9))


def test_the_segments_that_come_along_hold_every_customer() -> None:
    """All 125 combinations, each segment some, and each has a Chinese name."""
    segmentation = load_segmentation()
    assert len(segmentation.names_by_classes) == 125
    assert set(segmentation.names_by_classes.values()) == {segment.name for segment in segmentation.segments}
    assert all(segment.zh for segment in segmentation.segments)


@pytest.mark.parametrize(
    ("classes", "name"),
    [
        ((5, 5, 5), "champions"),
        ((4, 4, 3), "loyal"),
        ((5, 1, 5), "new"),
        ((5, 2, 1), "promising"),
        ((4, 1, 1), "promising"),
        ((3, 2, 5), "needs_attention"),
        ((1, 4, 4), "cannot_lose"),
        ((2, 3, 5), "at_risk"),
        ((2, 1, 1), "hibernating"),
        ((1, 2, 5), "lost"),
    ],
)
def test_named_customers_are_where_they_belong(classes: tuple[int, int, int], name: str) -> None:
    """Worked by hand from the table of segments."""
    assert load_segmentation().names_by_classes[classes] == name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("classes = 5", "classes = 1", "classes is 1, expected 2 to 10"),
        ("classes = 5", "classes = 'five'", "Expected int, got str, in classes"),
        ("classes = 5", "classes = 5\nclases = 5", "unknown field clases"),
        ('"net_spend"', '"net_spent"', "columns.monetary is 'net_spent', which is no feature"),
        ("monetary = ", "money = ", "unknown field money|columns has recency, frequency, money"),
        ('name = "loyal"', 'name = "champions"', "segment 'champions' is there twice"),
        (
            "recency = [2, 2]",
            "recency = [2, 6]",
            r"recency of segment 'hibernating' is \[2, 6\], expected",
        ),
        ("recency = [2, 2]", "recency = [2]", "in segments"),
        ('name = "lost"', 'name = "lost"\nrecency = [2, 5]', "no segment holds recency 1, frequency 1, monetary 1"),
        ("version", "[version", "Expected|line"),
    ],
)
def test_each_mistake_is_one_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    """It names the file and the key."""
    path = tmp_path / "segments.toml"
    path.write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(SegmentsError, match=message) as error:
        load_segmentation(path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what was expected."""
    with pytest.raises(SegmentsError, match=r"nowhere\.toml: No such file or directory, expected segments in TOML"):
        load_segmentation(tmp_path / "nowhere.toml")


def test_boundaries_are_kept_in_the_file(tmp_path: Path) -> None:
    """To the last bit, in place of older ones; the segments stay as they are."""
    path = tmp_path / "segments.toml"
    older = msgspec.structs.replace(LEARNT, as_of="2020-01-01")
    path.write_text(with_boundaries(with_boundaries(TEXT, older), LEARNT), encoding="utf-8")
    found = load_segmentation(path)
    assert found.learnt() == LEARNT
    assert msgspec.structs.replace(found, boundaries=None) == load_segmentation()


@pytest.mark.parametrize("values", [(1.0, 2.0, 3.0), (4.0, 3.0, 2.0, 1.0)])
def test_boundaries_that_do_not_fit_are_refused(values: tuple[float, ...]) -> None:
    """One less than there are classes, ascending."""
    with pytest.raises(SegmentsError, match="expected 4 ascending numbers: learn them again"):
        msgspec.structs.replace(load_segmentation(), boundaries=msgspec.structs.replace(LEARNT, frequency=values))


def test_without_boundaries_the_verb_that_learns_them_is_named() -> None:
    """The file that comes along has none: they are the firm's own."""
    segmentation: Segmentation = load_segmentation()
    with pytest.raises(SegmentsError, match=r"`regulars segments STORE --learn segments\.toml` does"):
        segmentation.learnt()

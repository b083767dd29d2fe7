"""Options that say how a log is read: what is no size and no pair is refused."""

from pathlib import Path

import pytest
import typer

from cli.log_options import check_size, first_line, mapping, pairs


def test_a_size_is_a_number_and_a_unit() -> None:
    """None is no option given."""
    assert check_size(None) is None
    assert check_size("1.5 GiB") == "1.5 GiB"
    for text in ("much", "0GB", "-1GB", "5"):
        with pytest.raises(typer.BadParameter, match="is not a size: write it like 500MB or 2GB"):
            check_size(text)


def test_a_mapping_has_each_name_once() -> None:
    """A name that is given twice, or a half of a pair, is refused."""
    assert mapping("--map", None) == {}
    assert mapping("--map", ["a=b", "c=d=e"]) == {"a": "b", "c": "d=e"}
    for texts, message in (
        (["a"], "is not a pair"),
        (["=b"], "is not a pair"),
        (["a="], "is not a pair: write ours=theirs"),
        (["a=b", "a=c"], "is given twice"),
    ):
        with pytest.raises(typer.BadParameter, match=message):
            mapping("--map", texts)


def test_pairs_may_repeat_and_may_have_no_value() -> None:
    """Several values of a column, one of them the empty text; a text without a mark is refused."""
    assert [*pairs("--keep", ["a=b", "a="])] == [("a", "b"), ("a", "")]
    with pytest.raises(typer.BadParameter, match="'a' is not a pair: write NAME=VALUE"):
        list(pairs("--keep", ["a"]))


def test_a_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    """Without the end of the line; a file without one is refused."""
    (tmp_path / "full").write_text("se cret\nmore")
    (tmp_path / "empty").write_text("\nmore")
    assert first_line(tmp_path / "full") == "se cret"
    assert first_line(None) is None
    with pytest.raises(typer.BadParameter, match="has no first line with a password"):
        first_line(tmp_path / "empty")

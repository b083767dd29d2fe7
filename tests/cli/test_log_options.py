"""Options that say how a log is read: what is no size and no pair is refused."""

import pytest
import typer

from cli.log_options import check_size, pairs


def test_a_size_is_a_number_and_a_unit() -> None:
    """None is no option given."""
    assert check_size(None) is None
    assert check_size("1.5 GiB") == "1.5 GiB"
    for text in ("much", "0GB", "-1GB", "5"):
        with pytest.raises(typer.BadParameter, match="is not a size: write it like 500MB or 2GB"):
            check_size(text)


def test_pairs_are_a_mapping() -> None:
    """A name that is given twice, or a half of a pair, is refused."""
    assert pairs("--map", None) == {}
    assert pairs("--map", ["a=b", "c=d=e"]) == {"a": "b", "c": "d=e"}
    for texts, message in ((["a"], "is not a pair"), (["=b"], "is not a pair"), (["a=b", "a=c"], "is given twice")):
        with pytest.raises(typer.BadParameter, match=message):
            pairs("--map", texts)

"""Places of scores: paths stay paths, addresses name a table, and a process elsewhere finds both."""

from pathlib import Path

import pytest
import typer

from cli.score_places import check_scores, parts_until_loaded, table_of


def test_a_place_is_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths and files of SQLite become absolute, a server's address stays as it is."""
    monkeypatch.chdir(tmp_path)
    assert check_scores(None) is None
    assert check_scores("s.parquet") == str(tmp_path / "s.parquet")
    for text in ("sqlite:///of%20mine.db?table=x", f"sqlite:///{tmp_path}/of mine.db?table=x"):
        found = check_scores(text)
        assert found == f"sqlite:///{tmp_path}/of%20mine.db?table=x"
        assert check_scores(found) == found
    address = "postgresql://ann@db/shop?sslmode=verify-full&table=crm.x"
    assert check_scores(address) == address


def test_parts_stay_until_they_are_loaded(tmp_path: Path) -> None:
    """A block that fails leaves them for the next, in the same place; one that ends leaves nothing."""
    table, other = (table_of(f"sqlite:///{name}.db?table=x") for name in "ab")
    assert table
    assert other

    def interrupted() -> None:
        with parts_until_loaded(tmp_path, table) as folder:
            (folder / "part").mkdir(parents=True)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with parts_until_loaded(tmp_path, table) as folder:
        assert (folder / "part").is_dir()
        with parts_until_loaded(tmp_path, other) as second:
            second.mkdir()
    assert list(tmp_path.iterdir()) == []


def test_an_address_without_a_table_is_refused() -> None:
    """In a line without the password."""
    with pytest.raises(typer.BadParameter, match=r"postgresql://ann:\*\*\*@db/shop names no table"):
        table_of("postgresql://ann:secret@db/shop")
    assert table_of("scores") is None

"""`regulars init` writes a settings file and never replaces one unasked."""

from collections.abc import Callable
from pathlib import Path

from cli.settings_page import settings_file
from tests.cli.conftest import Ended


def test_init_writes_it(regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """Where it is asked to; what is there is kept, unless --force is given; and a broken file does not prevent it."""
    assert regulars("init").code == 0
    assert (tmp_path / "regulars.toml").read_text() == settings_file()
    (tmp_path / "regulars.toml").write_text("broken")
    ended = regulars("init")
    assert (ended.code, "regulars.toml is there already: give another name, or --force" in ended.error) == (2, True)
    assert (tmp_path / "regulars.toml").read_text() == "broken"
    assert regulars("init", "--force").code == 0
    assert (tmp_path / "regulars.toml").read_text() == settings_file()
    ended = regulars("init", "shop.toml")
    assert "use it as `regulars --config shop.toml VERB ...`" in ended.error.replace("\n", " ")
    assert (tmp_path / "shop.toml").read_text() == settings_file()

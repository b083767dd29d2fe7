"""`regulars py-files`: an archive to import from, by a name that Spark takes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_it_writes_an_archive_to_import_from(regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """An interpreter that has the libraries and the archive alone finds the packages in it, data files too."""
    ended = regulars("py-files", "--out", "regulars.zip")
    assert ended.code == 0, ended.error
    assert "regulars.zip, for --py-files of Spark" in ended.error
    code = (
        "import sys; sys.path[:0] = ['regulars.zip']\n"
        "from features.loyalty.formula import load_formula\n"
        "import features\n"
        "print(features.__file__, load_formula().parts[0].name)"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["regulars.zip/features/__init__.py", "purchases"]


def test_another_name_is_refused(regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """Before anything is written."""
    ended = regulars("py-files", "--out", "regulars.tar")
    assert ended.code == 2
    assert "regulars.tar does not end in .zip" in ended.error
    assert not (tmp_path / "regulars.tar").exists()

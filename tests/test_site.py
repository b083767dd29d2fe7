"""The documentation site: it builds without a warning, and its reference has every public name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import regulars

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_site_has_every_public_name(tmp_path: Path) -> None:
    """The page of the Python API describes each name of `regulars.__all__`."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    page = (tmp_path / "api.html").read_text()
    assert [name for name in regulars.__all__ if f'id="regulars.{name}"' not in page] == []

"""Where nothing may be left out, a skipped test fails the run."""

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).with_name("conftest.py")
FILES = {
    "test_call.py": "import pytest\ndef test_call():\n    pytest.skip('no part')\n",
    "test_mark.py": "import pytest\n@pytest.mark.skip(reason='no part')\ndef test_mark(): pass\n",
    "test_file.py": "import pytest\npytest.importorskip('no_such_part')\n",
    "test_data.py": "import pytest\n@pytest.mark.needs_data\ndef test_data():\n    pytest.skip('no data')\n",
    "test_known.py": "import pytest\n@pytest.mark.xfail\ndef test_known():\n    assert False\n",
    "test_long.py": "import pytest\n@pytest.mark.timeout(600)\ndef test_long(): pass\n",
}


def run(folder: Path, nothing_left_out: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text())
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    needs_data: reads data\n")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--continue-on-collection-errors"]
    environment = os.environ | {"REGULARS_NOTHING_LEFT_OUT": nothing_left_out}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_skip_fails_where_nothing_may_be_left_out(tmp_path: Path) -> None:
    """A call, a mark or a whole file that skips fails the run; absent data and an expected failure do not."""
    found = run(tmp_path, "1")
    assert found.returncode == 1
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 2 errors" in found.stdout
    assert found.stdout.count("left out, where REGULARS_NOTHING_LEFT_OUT is set") >= 3


def test_a_skip_passes_elsewhere(tmp_path: Path) -> None:
    """On one's own machine a skipped test does not fail the run. A file with a long timeout comes first."""
    found = run(tmp_path, "")
    assert found.returncode == 0
    assert found.stdout.index("test_long.py .") < found.stdout.index("test_call.py s")
    assert "1 passed, 4 skipped, 1 xfailed" in found.stdout

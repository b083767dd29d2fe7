"""The first process hands its workers a folder of metrics and a pipe, and ends with 1 when they cannot start."""

import subprocess
import sys

import pytest

from serving.runtime import first_process
from serving.runtime.first_process import SUPERVISOR, take_failure

FIRST = """
import os, sys, time
from serving.runtime import metrics_files
metrics_files.PLACES = (sys.argv[1],)
from serving.runtime.first_process import prepare_workers
from serving.runtime.supervision import report
prepare_workers(1)
print(len(os.listdir(os.environ["REGULARS_SERVICE_FOLDER"])), flush=True)
{then}
"""


@pytest.mark.parametrize(
    ("then", "code", "said"),
    [
        ("", 0, ""),
        ("report('no room for it')\ntry: time.sleep(60)\nexcept SystemExit: pass", 1, "error: no room for it"),
    ],
)
def test_a_failure_of_the_workers_is_the_exit_code(tmp_path, then: str, code: int, said: str) -> None:
    """One line and status 1, also of a server that does not ask for it; nothing of the folder stays."""
    program = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n" + FIRST.format(then=then)
    done = subprocess.run(
        [sys.executable, "-c", "import sys\n" + program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (code, said)
    assert done.stdout.strip() == "7"
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reports it takes it away, so it is not reported again at the exit."""
    monkeypatch.setattr(SUPERVISOR, "failure", "no room")
    assert (take_failure(), take_failure()) == ("no room", None)
    first_process._exit_with_failure()

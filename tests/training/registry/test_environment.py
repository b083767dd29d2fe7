"""The environment of a run: what is installed, and which processes have ended."""

import importlib.metadata
import subprocess
import sys

from training.models.bundle import LIBRARIES
from training.registry.environment import CLOCK_SLACK, environment, is_gone, this_process


def test_the_environment_is_what_is_installed_here() -> None:
    """Each distribution once, as an exact requirement, and the libraries of a model among them."""
    assert {f"{name}=={importlib.metadata.version(name)}" for name in LIBRARIES} <= set(environment())
    names = [line.partition("==")[0] for line in environment()]
    assert names == sorted(set(names))


def test_a_process_is_gone_when_its_id_is_free_or_taken_by_another() -> None:
    """Ids are reused, so the start must agree too, up to the slack of the clock."""
    process = this_process()
    assert not is_gone(process)
    start = float(process["process.start"])
    assert not is_gone(process | {"process.start": str(start + CLOCK_SLACK / 2)})
    assert is_gone(process | {"process.start": str(start + 2 * CLOCK_SLACK)})
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert is_gone(process | {"process.id": str(ended.pid)})


def test_a_process_of_another_machine_is_never_gone() -> None:
    """It cannot be checked from here; a run without these tags neither."""
    assert not is_gone(this_process() | {"process.host": "elsewhere", "process.id": "1"})
    assert not is_gone({})

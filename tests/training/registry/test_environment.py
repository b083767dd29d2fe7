"""The environment of a run: exact requirements, and which processes have ended."""

import importlib.metadata
import subprocess
import sys

from training.registry.environment import CLOCK_SLACK, LIBRARIES, environment, is_gone, requirements, this_process


def test_requirements_are_the_releases_installed_here() -> None:
    """Each library exactly, and all of them part of the whole environment."""
    assert requirements() == [f"{name}=={importlib.metadata.version(name)}" for name in LIBRARIES]
    assert set(requirements()) <= set(environment())
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

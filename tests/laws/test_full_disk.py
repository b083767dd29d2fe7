"""A disk that fills up while `fit`, `promote` or `publish` write is one line, and the next run finds nothing half made.

No disk is filled: the system refuses to let a file of the process grow beyond a limit, in the same calls.
"""

import resource
import subprocess
import sys

import pytest

from tests.laws.killed import FIT, Shop
from training.registry.mlflow_client import open_tracking
from training.registry.versions import versions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LIMITS = [1_000, 20_000]
"""Bytes: a note of the database, a model, a figure or the code of a version no longer fit."""
PROMOTE = ("promote", "--home", "home", "--force", "--reason", "a test")
PUBLISH = ("publish", "--home", "home")


def limited(shop: Shop, most: int, *arguments: str) -> tuple[int, str]:
    """Run the command with files of at most so many bytes; its exit code and what it wrote to standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=shop.folder,
        env=shop.environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    return done.returncode, done.stderr


def test_no_room_is_one_line(shop: Shop) -> None:
    """Exit code 1 and the reason; what was there is whole, and with room again everything succeeds and is tidy."""
    assert shop.run(*FIT)[0] == 0, shop.errors()
    for verb in (FIT, PROMOTE, PUBLISH):
        codes = []
        for most in LIMITS:
            code, error = limited(shop, most, *verb)
            codes.append(code)
            if code:
                last = error.splitlines()[-1]
                assert (code, "Traceback" in error) == (1, False), (verb, most, error)
                assert last.startswith("regulars: "), (verb, most, error)
                assert "no room on the disk" in last, (verb, most, error)
            shop.is_whole()
        assert 1 in codes
        if verb == FIT:
            assert len(versions(open_tracking(shop.home))) == 1 + codes.count(0)
        if 0 not in codes:  # what has succeeded already would find nothing to do
            assert shop.run(*verb)[0] == 0, shop.errors()
    shop.is_whole()
    shop.has_no_leftovers(("FINISHED", "KILLED", "FAILED"))

"""Child processes for the tests of the registry."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Run code in a process of its own, with the repository on its path."""
    command = [sys.executable, "-c", code, *(str(each) for each in arguments)]
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the process; return its exit code and what it wrote to standard error."""
    errors = process.communicate()[1]
    return process.returncode, errors

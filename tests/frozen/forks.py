"""Runs commands in forks of one process that has imported what they need: a process of its own imports for seconds."""

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMPORTED = (
    *("cli.main", "features.ingestion.ingest", "features.engines.feature_table", "features.simulate"),
    *("mlflow.pyfunc", "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store"),
    *("reporting.build", "training.fit_challenger", "training.promote", "training.registry.versions"),
)


class Forks:
    """A process that forks for every command."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `regulars ARGUMENTS`, as `subprocess.run` would."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.TemporaryDirectory() as folder:
            streams = [Path(folder, name) for name in ("stdout", "stderr")]
            request = {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "streams": [*map(str, streams)]}
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            return subprocess.CompletedProcess(["regulars", *arguments], code, *(each.read_text() for each in streams))


@contextmanager
def forks(env: Mapping[str, str]) -> Iterator[Forks]:
    """Start the process, with the environment that the imports see, and end it afterwards."""
    command = [sys.executable, "-m", "tests.frozen.forks"]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Forks(process)


def _serve() -> None:
    for name in IMPORTED:
        importlib.import_module(name)
    gc.freeze()  # a collection in a fork would copy the parent's memory
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request)
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
    os._exit(0)


def _become(request: Mapping[str, Any]) -> None:
    from cli.main import run

    for target, path in enumerate([os.devnull, *request["streams"]]):
        source = os.open(path, os.O_RDWR | os.O_CREAT)
        os.dup2(source, target)
        os.close(source)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["regulars", *request["arguments"]]
    try:
        run()
    except SystemExit as end:  # taking down what the parent imported would cost more than the command
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


if __name__ == "__main__":
    _serve()

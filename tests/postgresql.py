"""A PostgreSQL server of a test's own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.ports import free_port


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server on a free port, its data in a temporary folder; give its URL; stop it at the end."""
    programs = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    programs += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # where Debian puts them
    if not programs:
        pytest.skip("no PostgreSQL server here: install Debian's postgresql")
    # The server refuses to run as root.
    user = "nobody" if os.getuid() == 0 else None
    with TemporaryDirectory(prefix="pg") as folder:
        if user:
            shutil.chown(folder, user)
        port = free_port()
        data, options = f"{folder}/data", f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [programs[0] / program, *arguments], check=True, user=user, stdout=subprocess.DEVNULL, cwd=folder
            )

        run("initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync")
        run("pg_ctl", "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql://postgres:secret@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")

"""A TypeScript client made from the OpenAPI description refuses wrong requests and knows the answers."""

import shutil
import subprocess
from pathlib import Path

import pytest

from serving.api.openapi import document

PROJECT = Path(__file__).with_name("typescript")


@pytest.mark.slow
@pytest.mark.needs_npm
def test_a_typescript_client_is_typed(tmp_path: Path) -> None:
    """openapi-typescript and openapi-fetch: right calls compile, every wrong one is refused by the compiler."""
    if shutil.which("npm") is None:
        pytest.skip("no npm: install Debian's `npm`")
    project = tmp_path / "client"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("node_modules"))
    (project / "openapi.json").write_bytes(document())
    for command in ("npm ci --no-audit --no-fund", "npx openapi-typescript openapi.json -o api.d.ts", "npx tsc -p ."):
        run = subprocess.run(command.split(), cwd=project, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stdout + run.stderr
    assert (PROJECT / "client.ts").read_text().count("@ts-expect-error") >= 10

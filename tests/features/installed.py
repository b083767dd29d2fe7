"""Small distributions with entry points, installed into a folder on `sys.path`."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest


def install(folder: Path, name: str, module: str, **groups: dict[str, str]) -> None:
    """Write a distribution: a module `NAME` of this text, and entry points `{group: {name: "module:object"}}`.

    `features` stands for the group `regulars.features`, and so on.
    """
    (folder / f"{name}.py").write_text(dedent(module))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n")
    sections = (
        f"[regulars.{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
        for group, points in groups.items()
    )
    (info / "entry_points.txt").write_text("\n".join(sections))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, empty at first; what is imported from it is forgotten at the end."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return folder

"""Tests are found by name: each module has its test file at the mirrored path."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["features", "training", "planning", "reporting", "serving", "monitoring", "cli", "regulars"]
MODULES = sorted(
    file.relative_to(ROOT)
    for name in PACKAGES
    for file in (ROOT / name).rglob("*.py")
    if file.name not in ("__init__.py", "__main__.py")
)
WITHOUT: set[str] = set()
"""Modules without a test file of their name. The list may only shrink."""


def mirrored(module: Path) -> Path:
    """Where the tests of a module are."""
    return Path("tests", module.parent, f"test_{module.name}")


@pytest.mark.parametrize("module", [module for module in MODULES if module.as_posix() not in WITHOUT], ids=str)
def test_a_module_has_its_test_file(module: Path) -> None:
    """`training/models/btyd/bg_nbd.py` is tested in `tests/training/models/btyd/test_bg_nbd.py`."""
    file = ROOT / mirrored(module)
    assert file.exists(), f"{mirrored(module)} is missing: move the tests of {module} there, or write them"
    assert "\ndef test_" in file.read_text(), f"{mirrored(module)} has no test"

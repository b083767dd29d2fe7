"""What several laws need."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.laws.killed import Shop


@pytest.fixture
def shop(tmp_path: Path) -> "Iterator[Shop]":
    """A small shop, and a process to fork from."""
    from tests.laws.killed import opened_shop  # loads what most laws do not need

    with opened_shop(tmp_path) as opened:
        yield opened

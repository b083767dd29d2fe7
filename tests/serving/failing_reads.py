"""Versions in a model store that cannot be read for a while: a share that is away, half mounted, or a failing disk."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import patch

import bentoml

from serving.runtime import model_store
from training.models.compiled.compiled_model import CompiledModel


@contextmanager
def _away(path: Path) -> Iterator[None]:
    aside = path.with_name(f"aside-{path.name}")
    path.rename(aside)
    try:
        yield
    finally:
        aside.rename(path)


def _failing(owner: object, name: str, number: int) -> AbstractContextManager[object]:
    return patch.object(owner, name, side_effect=OSError(number, os.strerror(number), "file"))


FAILING_READS: dict[str, Callable[[Path], AbstractContextManager[object]]] = {
    "no folder": _away,
    "no bundle": lambda folder: _away(folder / "bundle"),
    "no signature": lambda folder: _away(folder / "signature.json"),
    "no compiled form": lambda folder: _away(folder / "bundle" / "compiled.json"),
    "EIO of a check": lambda folder: _failing(model_store, "file_digest", errno.EIO),
    "EIO of a card": lambda folder: _failing(Path, "read_text", errno.EIO),
    "EMFILE of BentoML": lambda folder: _failing(bentoml.Model, "from_path", errno.EMFILE),
    "ESTALE of the model": lambda folder: _failing(CompiledModel, "load", errno.ESTALE),
}
"""By its name, what makes the folder of a version fail within a block."""

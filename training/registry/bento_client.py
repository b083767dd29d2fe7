"""The only module of training that imports BentoML: its model store, which it writes to through private names.

BentoML's public API neither says where the store is nor writes into another folder than the store.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from features.errors import TrackingError


def store_home() -> Path:
    """Return BentoML's home folder, from BENTOML_HOME or another of BentoML's settings."""
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    from bentoml._internal.configuration.containers import BentoMLContainer

    return Path(BentoMLContainer.bentoml_home.get())


@contextmanager
def staged_model(tag: str, folder: Path, labels: Mapping[str, str], metadata: Mapping[str, object]) -> Iterator[Path]:
    """Create a model in a store of its own at `folder`; yield the folder for its files."""
    import bentoml
    from bentoml._internal.models import ModelStore

    store = ModelStore(folder)
    with bentoml.models.create(tag, labels=dict(labels), metadata=dict(metadata), _model_store=store) as model:
        yield Path(model.path)


def model_metadata(folder: Path) -> dict[str, object]:
    """Return the metadata of the model in a folder of the store; raises TrackingError when it cannot be read."""
    import bentoml

    try:
        return dict(bentoml.Model.from_path(str(folder)).info.metadata)
    except Exception as error:  # of a damaged model.yaml BentoML raises whatever comes up
        raise TrackingError(f"{folder} holds no model that BentoML can read: delete it and publish again") from error

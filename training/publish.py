"""The champion into the BentoML model store, whole or not at all."""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from features.atomic_file import atomic_write, file_digest, fsync_path
from features.errors import TrackingError
from training.models.bundle import BUNDLE, CHAMPION, COMPILED_FILE, MODEL_FILE, REGISTERED_NAME
from training.registry.mlflow_client import Tracking
from training.registry.runs import run_file, run_measures
from training.registry.versions import Version, fetch, version

FIGURES = "figures"


@dataclass(frozen=True)
class Published:
    """What is in the store: its tag, its folder, and whether it was put there now or had been before."""

    tag: str
    path: Path
    new: bool


def publish(tracking: Tracking, which: int | str = CHAMPION) -> Published:
    """Put a version into the BentoML model store and make it `regulars:latest`; a version there already is left alone.

    The folder holds the `bundle` that `CustomerModel.load` reads (`model.joblib` and its `card.json`) with the
    `compiled.json` that `CompiledModel.load` reads, made and tried here; `figures.json` (every measure of its fit) and
    the fit's plots in `figures/`. Its label `version` and the metadata `digest` (SHA-256 of the model file) say which
    version it is, `compiled_digest` is that of the compiled form; the tag is `regulars:<version>-<start of the
    digest>`, so that another registry's version of the same number is another tag. The store is that of BENTOML_HOME.

    BentoML itself copies into the final folder, where a kill leaves half a model that is found as the latest. So it
    writes into a folder beside the store, which is renamed into place in one step. Raises TrackingError when there is
    no such version, its digest is wrong, its compiled form forecasts otherwise, or the store holds something else under
    its tag.
    """
    chosen = version(tracking, which)
    if chosen is None:
        raise TrackingError(f"no version {which} is registered in {tracking.place}: promote one first")
    home = _store_home()
    name = f"{chosen.number}-{chosen.digest[:12]}"
    final = home / "models" / REGISTERED_NAME / name
    new = not final.exists()
    if new:
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="regulars-", dir=home / "tmp") as staging:
            _write(tracking, chosen, f"{REGISTERED_NAME}:{name}", Path(staging))
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                (Path(staging) / REGISTERED_NAME / name).rename(final)
            except OSError:
                if not final.exists():
                    raise
                new = False  # another process has published the same meanwhile
            fsync_path(final.parent)
    _check(final, chosen)
    with atomic_write(final.parent / "latest") as part:
        part.write_text(name)
    return Published(f"{REGISTERED_NAME}:{name}", final, new)


def _write(tracking: Tracking, chosen: Version, tag: str, staging: Path) -> None:
    """Have BentoML write the model into a store of its own at `staging`."""
    import bentoml
    from bentoml._internal.models import ModelStore

    from training.parity import compile_bundle

    measures = run_measures(tracking, chosen.run_id)
    known = {name: value for name, value in measures.items() if isfinite(value)}
    unknown = dict.fromkeys(measures.keys() - known.keys())  # JSON knows no NaN
    labels = {"version": str(chosen.number)}
    bundle = fetch(tracking, chosen, staging)
    metadata = {
        "digest": chosen.digest,
        "compiled_digest": compile_bundle(bundle, chosen.digest),
        "run_id": chosen.run_id,
        "measures": known,
    }
    with bentoml.models.create(tag, labels=labels, metadata=metadata, _model_store=ModelStore(staging)) as model:
        shutil.move(bundle, Path(model.path, BUNDLE))
        Path(model.path, "figures.json").write_text(json.dumps(known | unknown, indent=1, sort_keys=True))
        run_file(tracking, chosen.run_id, FIGURES, model.path)
    for file in staging.rglob("*"):
        fsync_path(file)


def _check(folder: Path, chosen: Version) -> None:
    """Raise TrackingError when the store's folder does not hold this version."""
    import bentoml
    from bentoml.exceptions import BentoMLException

    try:
        compiled = bentoml.Model.from_path(str(folder)).info.metadata.get("compiled_digest")
        found = [file_digest(folder / BUNDLE / file) for file in (MODEL_FILE, COMPILED_FILE)]
    except (BentoMLException, OSError, ValueError):
        found = []
    if found != [chosen.digest, compiled]:
        raise TrackingError(f"{folder} is not version {chosen.number} as registered: delete it and publish again")


def _store_home() -> Path:
    """Return BentoML's home folder; asked of BentoML, which knows more ways to set it than BENTOML_HOME."""
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    from bentoml._internal.configuration.containers import BentoMLContainer

    return Path(BentoMLContainer.bentoml_home.get())

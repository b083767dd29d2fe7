"""Versions of the one registered model, and the aliases `champion` and `challenger`."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from features.errors import TrackingError
from training.models.bundle import BUNDLE, CHALLENGER, CHAMPION, REGISTERED_NAME, model_digest
from training.models.customer_model import CustomerModel
from training.registry.entities import ModelVersion
from training.registry.errors import one_line_errors
from training.registry.mlflow_client import Tracking
from training.registry.model_format import LoggedModel, log_model
from training.registry.runs import Run
from training.registry.sqlite_file import locked, sqlite_file

ABOUT = f"""Forecasts of purchases, churn and spend of each customer; the alias `{CHAMPION}` is in service.

```python
model = mlflow.pyfunc.load_model("models:/{REGISTERED_NAME}@{CHAMPION}")
forecast = model.predict(features, params={{"horizon_days": 90}})
```
"""
"""The description of the registered model, where it has none."""


def register(
    run: Run,
    model: CustomerModel,
    alias: str | None = CHALLENGER,
    tags: Mapping[str, str] | None = None,
    description: str = "",
    logged: LoggedModel | None = None,
) -> ModelVersion:
    """Register the model as the next version, with its digest and `tags`; call it last in a fit.

    The version appears in one transaction, after all of its files are written; then the alias moves to it. A fit that
    is killed before the transaction leaves no version; one killed after it leaves a whole version without the alias.

    Parameters
    ----------
    run : Run
        The fit, to which the version is linked.
    model : CustomerModel
    alias : str, optional
    tags : mapping of str to str, optional
    description : str
        Markdown.
    logged : LoggedModel, optional
        The model as kept with the run already; without it it is kept now.
    """
    tracking = run.tracking
    logged = logged or log_model(run, model, REGISTERED_NAME)
    all_tags = {"digest": logged.digest, **(tags or {})}
    number = tracking.create_version(
        REGISTERED_NAME, logged.source, run.run_id, all_tags, logged.model_id, description, ABOUT
    )
    if alias:
        with _alias_lock(tracking):
            tracking.set_alias(REGISTERED_NAME, alias, number)
    return ModelVersion(number, run.run_id, logged.source, all_tags, (alias,) if alias else ())


def versions(tracking: Tracking) -> list[ModelVersion]:
    """Return every registered version, the newest first."""
    return tracking.search_versions(REGISTERED_NAME)


def version(tracking: Tracking, which: int | str) -> ModelVersion | None:
    """Return the version of a number or an alias; None when there is none."""
    return tracking.find_version(REGISTERED_NAME, which)


def fetch(tracking: Tracking, chosen: ModelVersion, folder: str | Path) -> Path:
    """Copy the version's bundle into `folder` and return its path there.

    Raises TrackingError when the bundle has another digest than was registered.
    """
    bundle = tracking.download(f"{chosen.source}/data/{BUNDLE}", folder)
    with one_line_errors(tracking.uri, OSError):
        actual = model_digest(bundle)
    if actual != chosen.digest:
        raise TrackingError(
            f"version {chosen.number} has digest {actual[:12]}, expected {chosen.digest[:12] or 'one'}: "
            "its files were changed since it was registered; take another version"
        )
    return bundle


def load(tracking: Tracking, chosen: ModelVersion) -> CustomerModel:
    """Return the model of a version; its digest is checked before unpickling, because a pickle runs code."""
    with tempfile.TemporaryDirectory(prefix="regulars-") as scratch:
        return CustomerModel.load(fetch(tracking, chosen, scratch), chosen.digest)


def move_alias(tracking: Tracking, alias: str, to: int | None, expected: int | None) -> None:
    """Move an alias from the version `expected` (None: not set) to the version `to` (None: delete the alias).

    With a SQLite store on this machine one process moves an alias at a time, so of two that expect the same version
    the second is refused. MLflow offers no compare-and-set: with a server or another database the alias is read before
    and after, and two moves within the same moment can both succeed; the alias then stays where the later one put it.

    Raises
    ------
    TrackingError
        When the alias is not, or no longer, where it is expected to be.
    """
    with _alias_lock(tracking):
        _require_alias(tracking, alias, expected)
        tracking.set_alias(REGISTERED_NAME, alias, to)
        _require_alias(tracking, alias, to)


@contextmanager
def _alias_lock(tracking: Tracking) -> Iterator[None]:
    """Keep other processes on this machine from moving aliases of a SQLite store; no lock for other stores."""
    database = sqlite_file(tracking.uri)
    if database is None:
        yield
        return
    with one_line_errors(tracking.uri, OSError), locked(database):
        yield


def _require_alias(tracking: Tracking, alias: str, expected: int | None) -> None:
    actual = version(tracking, alias)
    number = actual.number if actual else None
    if number != expected:
        raise TrackingError(f"{alias} is version {number} by now, expected {expected}: moved meanwhile; try again")

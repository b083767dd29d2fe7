"""A home that was moved or copied has its own files, whatever MLflow kept as their address."""

import hashlib
import shutil
from pathlib import Path

import joblib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.stand_in import customer_model
from training.gate import Verdict
from training.models.bundle import CHALLENGER, CHAMPION
from training.promote import promote, record_verdict, recorded_verdict
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.moved_home import address_here
from training.registry.runs import start_run
from training.registry.versions import load, register, version


@pytest.fixture
def used(tracking: Tracking, home: Path) -> Path:
    """A home with a challenger and its verdict."""
    fitted(tracking, 0.01)
    return home


def fitted(tracking: Tracking, rate: float) -> None:
    with start_run(tracking, "fit") as fit:
        record_verdict(fit, Verdict((), {"milliseconds": 0.01}, None))
        register(fit, customer_model(rate))


def contents(folder: Path) -> dict[str, str]:
    """The digest of every file, by its path."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("read_only", [True, False])
def test_a_moved_home_has_its_files(used: Path, tmp_path: Path, read_only: bool) -> None:
    """The verdict and the model are found, for readers without a change to anything."""
    moved = used.rename(tmp_path / "moved, elsewhere")
    before = contents(moved)
    tracking = open_tracking(moved, read_only=read_only)
    challenger = version(tracking, CHALLENGER)
    assert challenger is not None
    assert recorded_verdict(tracking, challenger) is not None
    assert joblib.hash(load(tracking, challenger)) == joblib.hash(customer_model(0.01))
    assert (contents(moved) == before) is read_only


def test_what_mlflow_itself_finds_moves_too(used: Path, tmp_path: Path) -> None:
    """After the home was opened for writing once, MLflow's own client finds every file in the home."""
    moved = used.rename(tmp_path / "moved")
    tracking = open_tracking(moved)
    client = tracking._client
    found, experiment = client.get_model_version("regulars", "1"), client.get_experiment_by_name("regulars")
    addresses = [
        found.source,
        client.get_model_version_download_uri("regulars", "1"),
        client.get_run(found.run_id).info.artifact_uri,
        client.search_logged_models([experiment.experiment_id])[0].artifact_location,
        experiment.artifact_location,
    ]
    assert [address.startswith((moved / "artifacts").as_uri()) for address in addresses] == [True] * 5


def test_a_copy_leaves_the_original_untouched(used: Path, tmp_path: Path) -> None:
    """A promotion and a fit in the copy write into the copy alone."""
    copy = tmp_path / "copy"
    shutil.copytree(used, copy)
    before = contents(used)
    tracking = open_tracking(copy)
    assert promote(tracking).to == 1
    fitted(tracking, 0.02)
    assert contents(used) == before
    assert len(list(copy.rglob("model.joblib"))) == 2
    shutil.rmtree(used)
    champion = version(open_tracking(copy, read_only=True), CHAMPION)
    assert champion is not None
    load(tracking, champion)


def test_files_that_were_put_elsewhere_stay_there(used: Path, tmp_path: Path) -> None:
    """A database whose files are not beside it, because only it was copied, still reads the ones it names."""
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(used / "mlflow.db", alone)
    tracking = open_tracking(alone)
    challenger = version(tracking, CHALLENGER)
    assert challenger is not None
    load(tracking, challenger)


NAMES = st.sampled_from(["artifacts", "var", "regulars", "a b"])


@given(above=st.lists(NAMES), moved=st.lists(NAMES, max_size=2), within=st.lists(NAMES, min_size=1))
def test_an_address_is_followed_into_the_home(
    tmp_path_factory: pytest.TempPathFactory, above: list[str], moved: list[str], within: list[str]
) -> None:
    """Wherever the home was, and whatever its folders are called; the home's own addresses are unchanged."""
    root = tmp_path_factory.mktemp("root")
    artifacts = root.joinpath(*moved, "artifacts")
    file = artifacts.joinpath(*within, "file")
    file.parent.mkdir(parents=True)
    file.touch()
    old = Path("/gone", *above, "artifacts", *within, "file")
    assert address_here(old.as_uri(), artifacts) == file.as_uri()
    assert address_here(str(old), artifacts) == file.as_uri()
    assert address_here(file.as_uri(), artifacts) == file.as_uri()


@pytest.mark.parametrize("address", ["s3://shop/artifacts/regulars", "mlflow-artifacts:/1/run/artifacts", "/gone/x"])
def test_other_addresses_are_left_alone(tmp_path: Path, address: str) -> None:
    """Those of a server, of another kind of store, and of files that are nowhere."""
    assert address_here(address, tmp_path) == address
    assert address_here(address, None) == address

"""The archive for Spark's workers: the packages of the wheel, the same bytes every time, and enough for a worker."""

import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from features.engines.package_archive import PACKAGES, write_package_archive
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.partitions.feature_parts import write_feature_parts
from features.simulate import write_log
from features.store.event_store import open_store
from serving.batch_forecasts import Forecasts
from serving.batch_parts import write_score_parts
from tests.features.ingestion.workers import contents
from tests.needing_spark import with_spark
from tests.training.stand_in import customer_model

ROOT = Path(__file__).parents[3]
DATES = ["2024-03-01", "2024-05-01"]


def test_it_has_the_packages_of_the_wheel(tmp_path: Path) -> None:
    """All that hatchling packs, data files too; nothing that Python or Numba compiled."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert set(PACKAGES) == set(build["targets"]["wheel"]["packages"])
    count = write_package_archive(tmp_path / "regulars.zip")
    names = zipfile.ZipFile(tmp_path / "regulars.zip").namelist()
    assert len(names) == len(set(names)) == count
    assert {name.partition("/")[0] for name in names} == set(PACKAGES)
    assert {"features/loyalty/formula.toml", "serving/batch_parts.py", "features/__init__.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_its_bytes_are_those_of_the_packages(tmp_path: Path) -> None:
    """Written again, after a file was touched: the same bytes."""
    write_package_archive(tmp_path / "one.zip")
    source = Path(write_package_archive.__code__.co_filename)
    before = source.stat()
    os.utime(source)
    try:
        write_package_archive(tmp_path / "two.zip")
    finally:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


DRIVER = """
import sys
from pathlib import Path
root, libraries, archive, dates, *folders = sys.argv[1:]
dates = dates.split()
sys.path.insert(0, root)
import pyarrow as pa
from pyspark.sql import SparkSession
from features.engines.spark_session import spark_runner
from features.engines.spark_shuffle import spark_workers
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.partitions.feature_parts import write_feature_parts
from features.store.event_store import open_store
from serving.batch_forecasts import Forecasts
from serving.batch_parts import write_score_parts
from training.models.customer_model import CustomerModel

settings = {
    "spark.master": "local-cluster[1,1,1024]", "spark.driver.host": "127.0.0.1", "spark.log.level": "ERROR",
    "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false", "spark.executorEnv.PYTHONPATH": libraries,
}
session = SparkSession.builder.config(map=settings).getOrCreate()

def places(batches):
    try:
        import features
        place = str(features.__file__)
    except ModuleNotFoundError as error:
        place = str(error)
    for batch in batches:
        yield pa.RecordBatch.from_pydict({"place": [place] * len(batch)})

def place():
    return session.range(0, 1, 1, 1).mapInArrow(places, "place string").collect()[0]["place"]

before = place()
session.addArtifacts(archive, pyfile=True)
print(before, place(), sep="\\n")
log, model, out = map(Path, folders)
ingest([log], out / "store", buckets=3, workers=spark_workers(session))
store, run = open_store(out / "store"), spark_runner(session)
write_feature_parts(store, dates, out / "features", run)
forecasts = Forecasts(CustomerModel.load(model), "1", 60)
write_score_parts(store, dates, load_formula(), out / "scores", forecasts, run=run)
session.stop()
"""


def spark_home(folder: Path) -> Path:
    """Make a folder with links to all of PySpark, to which a local cluster writes what its executors print."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    folder.mkdir()
    for file in Path(spec.origin).parent.iterdir():
        (folder / file.name).symlink_to(file)
    return folder


@with_spark
@pytest.mark.timeout(300)
def test_workers_without_the_package_compute_with_the_archive(tmp_path: Path) -> None:
    """An executor of its own, which has the libraries: ingest, features and scores are those of one machine."""
    archive, libraries = tmp_path / "regulars.zip", sysconfig.get_path("purelib")
    write_package_archive(archive)
    write_log(tmp_path / "log.parquet", customers=300, seed=5)
    here, there = tmp_path / "here", tmp_path / "there"
    ingest([tmp_path / "log.parquet"], here / "store", buckets=3)
    store = open_store(here / "store")
    model = customer_model()
    model.save(tmp_path / "model")
    write_feature_parts(store, DATES, here / "features")
    write_score_parts(store, DATES, load_formula(), here / "scores", Forecasts(model, "1", 60))
    python = tmp_path / "python"  # -S: without the .pth file by which an editable installation is found
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"PYSPARK_PYTHON": str(python), "SPARK_HOME": str(spark_home(tmp_path / "spark"))}
    places = (tmp_path / "log.parquet", tmp_path / "model", there)
    arguments = [str(ROOT), libraries, str(archive), " ".join(DATES), *map(str, places)]
    command = [sys.executable, "-W", "ignore", "-c", DRIVER, *arguments]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, [line for line in ended.stderr.splitlines() if "Error: " in line]
    before, after = ended.stdout.splitlines()
    assert before == "No module named 'features'"
    assert "regulars.zip" in after
    assert contents(there / "store") == contents(here / "store")
    parts = sorted(path.relative_to(here) for path in here.glob("*/as_of=*/**/*.parquet"))
    assert len(parts) == 2 * len(DATES) * 3
    for part in parts:
        assert (there / part).read_bytes() == (here / part).read_bytes(), part

"""The files in which the workers of one service share their metrics, with their room reserved.

Prometheus' client maps files into memory. A write to a mapped page for which the disk has no room kills the process
(SIGBUS), so every byte is allocated before a file is mapped. Each service has a folder of its own, in memory where
there is one, and each worker the files of its index: one that replaces a dead worker goes on with its counters.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from features.scratch_folders import scratch_folder

VARIABLE = "REGULARS_SERVICE_FOLDER"
"""Names the service's folder to the workers, which note there what they serve too; empty if there was no room."""
PREFIX = "regulars-metrics-"
PLACES = ("/dev/shm",)
SIZES = {
    **{"counter": 2**18, "histogram": 2**18},
    **dict.fromkeys(("gauge_all", "gauge_livesum", "gauge_livemin", "gauge_livemax"), 2**14),
    "gauge_livemostrecent": 2**16,  # a look of the monitor may bring other horizons
}
"""Bytes of each file of a worker: more than all values of all labels need, so no file grows."""


@contextmanager
def metrics_folder(workers: int) -> Iterator[Path | None]:
    """Make the folder of a service with the files of its workers, and remove it at the end.

    Parameters
    ----------
    workers : int
        The number of worker processes.

    Yields
    ------
    Path or None
        None where there is no room: each worker then keeps its metrics to itself.
    """
    with ExitStack() as stack:
        folder = None
        for place in (*PLACES, tempfile.gettempdir()):
            if folder is None and os.path.isdir(place):  # noqa: PTH112
                with suppress(OSError), ExitStack() as attempt:
                    made = attempt.enter_context(scratch_folder(place, PREFIX))
                    for index in range(1, workers + 1):
                        reserve(made, index)
                    stack.push(attempt.pop_all())
                    folder = made
        yield folder


def reserve(folder: Path, index: int) -> None:
    """Make the files of a worker, or reset the gauges of the one before; raises OSError where there is no room."""
    for name, size in SIZES.items():
        file = folder / f"{name}_{index}.db"
        if name.startswith("gauge") or not file.exists() or file.stat().st_size < size:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                if os.pwrite(descriptor, bytes(size), 0) < size:
                    raise OSError(f"{folder} has no room")
            finally:
                os.close(descriptor)


def share_metrics(folder: str, index: int) -> bool:
    """Have this process count in its files; return whether the workers share their metrics.

    To be called before the first metric is made.

    Parameters
    ----------
    folder : str
        The value of VARIABLE.
    index : int
        The number of this worker, from 1; at no time do two workers have the same.
    """
    from prometheus_client import values

    try:
        if not folder:
            raise FileNotFoundError
        reserve(Path(folder), index)
    except OSError:
        values.ValueClass = values.MutexValue
        return False
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    values.ValueClass = values.MultiProcessValue(process_identifier=lambda: index)  # type: ignore[no-untyped-call]
    return True

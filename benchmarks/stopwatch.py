"""One run measured in a process of its own: wall and processor seconds, and the most memory it held."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

CHECKOUT = Path(__file__).parent.parent
LEFT_OUT = 77
"""Exit code of a benchmark whose data or peer is not at hand, as test suites of Autotools have it."""
PACKAGES = ("numpy", "pandas", "pyarrow", "duckdb", "numba")
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Measure(NamedTuple):
    """Seconds of one run; `start`: seconds to start the process, import and warm up; `peak`: bytes resident."""

    wall: float
    cpu: float
    start: float
    peak: float
    facts: dict[str, Any]


def tell(run: Callable[[], dict[str, Any] | None], warm_up: Callable[[], object], memory: int = 0) -> None:
    """Measure a run in this process and print it as a line of JSON; imports and `warm_up` come before the clock.

    `memory`: about as many bytes as the run will use. Another process fills and frees them just before, as a virtual
    machine gets a page from its host when it is first used, slowly, and gives it back soon after it is freed.
    """
    warm_up()
    ready = time.time()
    memory = min(memory, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({memory}, 'u1')"], check=True)
    wall, cpu = time.perf_counter(), time.process_time()
    facts = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = PEAK_UNIT * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"wall": wall, "cpu": cpu, "ready": ready, "peak": peak, "facts": facts or {}}))


def measured(python: str | Path, module: str, *arguments: object, checkout: Path = CHECKOUT) -> Measure:
    """Run a module of a checkout that ends in `tell` in a process of its own; raise RuntimeError when it fails.

    A process counts the memory of the one that started it, so this one must stay small.
    """
    command: Sequence[str] = [str(python), "-m", module, *map(str, arguments)]
    began = time.time()
    # One thread in libraries that nobody here asked for more; DuckDB and ours set their own.
    environment = {"OMP_NUM_THREADS": "1"} | os.environ
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
    usage = json.loads(done.stdout.splitlines()[-1])
    return Measure(usage["wall"], usage["cpu"], usage["ready"] - began, usage["peak"], usage["facts"])


def machine(*more: str) -> list[str]:
    """Return what the figures depend on, in two lines; `more`: packages with versions that are not installed here."""
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text().splitlines() if cpus.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    packages = [*(f"{name} {version(name)}" for name in PACKAGES), *more]
    return [
        f"{os.cpu_count()} cores ({(models or [platform.machine()])[0]}), {memory:.0f} GiB, {platform.system()}",
        f"Python {platform.python_version()}, {', '.join(packages)}",
    ]


def load() -> str:
    """Return how many processes ran or waited for a processor, a mean of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"


def leave_out(reason: str) -> NoReturn:
    """Print why a benchmark cannot run here, and end the process."""
    print(f"left out: {reason}", flush=True)
    sys.exit(LEFT_OUT)

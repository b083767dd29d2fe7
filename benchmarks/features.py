"""Ingest and features beside their peers, on simulated logs: `python -m benchmarks.features --customers 10000 100000`.

Every contender runs alone, in a process of its own, the files in the system's cache; quick ones three times in turn,
of which the median counts. `benchmarks/README.md` says what is measured and what came out.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.stopwatch import CHECKOUT, Measure, machine, measured

AS_OF = "2025-12-31"  # the last month end of the simulated three years
FEW, SOME, LARGE = 500, 10_000, 1_000_000
PEERS = ("lifetimes", "pymc_marketing")
NAMES = {
    "simulate": "write the simulated log",
    "scan": "bare DuckDB scan of the columns needed",
    "read": "ours: ingest",
    "read_by_time": "ours: ingest, rows in order of time",
    "read_referenced": "ours: ingest, with references",
    "one_date": "ours: one date, from the store",
    "read_and_one_date": "ours: ingest and one date",
    "many_dates": "ours: 24 dates, from the store",
    "read_and_many_dates": "ours: ingest and 24 dates",
    "in_pandas": "pandas, the same columns",
    "lifetimes": "lifetimes, 4 columns",
    "pymc_marketing": "pymc-marketing, 4 columns",
}
OURS = ("read", "read_by_time", "read_referenced", "one_date", "read_and_one_date", "many_dates", "read_and_many_dates")
SLOW = ("in_pandas", *PEERS)
MIB = 2**20

Results = dict[int, dict[str, Measure]]


def main() -> None:
    arguments = _arguments()
    sizes = sorted(set(arguments.customers))
    peers = None if arguments.no_peers else _peers_python(arguments.peers_python)
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=arguments.folder) as name:
        folder = Path(name)
        for module in ("simulate", "variants", "read"):
            _run(module, folder / str(FEW), peers)
        results: Results = {}
        for size in sizes:
            results[size] = _contest(folder / str(size), peers, arguments.repeats)
            if size != SOME:
                shutil.rmtree(folder / str(size))
        small = folder / str(SOME)
        if not small.exists():
            for module in ("simulate", "read"):
                _run(module, small, peers)
        for name in PEERS if peers else ():
            _run(name, small, peers, "keep")
        online, differences = (_run(name, small, peers).facts for name in ("online", "differences"))
    print("\n".join([*_machine(results), "", *_measures(results), "", *_goals(results, online, differences)]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.features", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help=f"slow ones once from {LARGE:,} on")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for logs and stores, 1.5 GB a million customers")
    parser.add_argument("--peers-python", type=Path, metavar="PATH", help="a Python with requirements/benchmarks.txt")
    parser.add_argument("--no-peers", action="store_true", help="without lifetimes and pymc-marketing")
    return parser.parse_args()


def _peers_python(given: Path | None) -> Path | None:
    """Return a Python that has the peers, made in `var/` if need be; None, and a line that says why, without one."""
    python = (given or CHECKOUT / "var/peers/bin/python").absolute()
    pinned = CHECKOUT / "requirements/benchmarks.txt"
    steps: list[list[str | Path]] = []
    if not given and not python.exists():
        _say("setting up var/peers")
        steps.append([sys.executable, "-m", "venv", python.parent.parent])
        steps.append([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pinned])
        if shutil.which("uv"):
            steps[-1] = ["uv", "pip", "install", "--quiet", "--require-hashes", "--python", python, "-r", pinned]
    steps.append([python, "-c", "import lifetimes, pymc_marketing.clv"])
    for step in steps:
        try:
            subprocess.run([str(part) for part in step], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            if not given:
                shutil.rmtree(python.parent.parent, ignore_errors=True)
            reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
            _say(f"lifetimes and pymc-marketing left out ({reason}): give --peers-python, see benchmarks/README.md")
            return None
    return python


def _contest(folder: Path, peers: Path | None, repeats: int) -> dict[str, Measure]:
    """Return the medians of all contenders on a new log of as many customers as the folder is named for."""
    size = int(folder.name)
    measures: dict[str, list[Measure]] = {"simulate": [_run("simulate", folder, peers)]}
    for name in ("variants", "read"):
        _run(name, folder, peers)
    for turn in range(repeats):
        for name in list(NAMES)[1:]:
            once = name in SLOW and size >= LARGE and turn > 0
            if not once and (peers or name not in PEERS):
                measures.setdefault(name, []).append(_run(name, folder, peers))
    return {name: _median(runs) for name, runs in measures.items()}


def _run(name: str, folder: Path, peers: Path | None, *more: str) -> Measure:
    _say(f"{int(folder.name):,} customers: {NAMES.get(name, name)}")
    module, python = ("peers", peers) if name in PEERS else ("contenders", Path(sys.executable))
    assert python is not None
    return measured(python, f"benchmarks.{module}", name, folder, AS_OF, *more)


def _median(runs: list[Measure]) -> Measure:
    facts = {
        name: median(run.facts[name] for run in runs) if isinstance(value, float) else value
        for name, value in runs[0].facts.items()
    }
    wall, cpu, start, peak = (median(column) for column in list(zip(*runs, strict=True))[:4])
    return Measure(wall, cpu, start, peak, facts)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _machine(results: Results) -> list[str]:
    peers = next(iter(results.values()))
    return machine(*(f"{name.replace('_', '-')} {peers[name].facts['version']}" for name in PEERS if name in peers))


def _measures(results: Results) -> Iterator[str]:
    """Yield the table of what was measured: seconds by the clock / of processor time, peak memory in MiB."""
    events = {size: measures["simulate"].facts["events"] for size, measures in results.items()}
    heads = [f"{size:,} customers, {events[size]:,} events" for size in results]
    yield f"| seconds by the clock / of processor time, peak MiB | {' | '.join(heads)} | start, s |"
    yield f"|---{'|---:' * (len(heads) + 1)}|"
    for name, title in NAMES.items():
        runs = [measures[name] for measures in results.values() if name in measures]
        if runs:
            cells = [f"{_figures(run.wall)} / {_figures(run.cpu)}, {run.peak / MIB:,.0f}" for run in runs]
            yield f"| {title} | {' | '.join(cells)} | {_figures(runs[-1].start)} |"


def _goals(results: Results, online: dict[str, float], differences: dict[str, int]) -> Iterator[str]:
    """Yield the table of goals: ratios by the clock and of processor time at the largest size; the clock decides."""
    size = max(results)
    last = results[size]
    yield f"| goal, at {size:,} customers | limit | by the clock | processor | |"
    yield "|---|---:|---:|---:|---|"
    for text, limit, at_most, over, under in (
        ("one date / bare scan", 2, True, "one_date", "scan"),
        ("lifetimes (without its reading) / one date", 40, False, "lifetimes", "one_date"),
        ("lifetimes / ingest and one date", 5, False, "lifetimes", "read_and_one_date"),
        ("pandas / ingest and one date", 15, False, "in_pandas", "read_and_one_date"),
        ("24 dates / one date, both with ingest", 4, True, "read_and_many_dates", "read_and_one_date"),
        ("24 dates / one date, both from the store", 4, True, "many_dates", "one_date"),
    ):
        if over in last and under in last:
            wall, cpu = last[over].wall, last[over].cpu
            if over == "lifetimes" and under == "one_date":
                wall, cpu = wall - last[over].facts["reading_wall"], cpu - last[over].facts["reading_cpu"]
            wall, cpu = wall / last[under].wall, cpu / last[under].cpu
            holds = wall <= limit if at_most else wall >= limit
            yield _row(text, f"{'≤' if at_most else '≥'} {limit}", f"{wall:.2f}", f"{cpu:.2f}", holds)
    smaller = max((other for other in results if other < size), default=size)
    for name in ("read", "read_by_time", "read_referenced", "one_date") if smaller < size else ():
        before = results[smaller][name]
        wall, cpu = (now / then * smaller / size for now, then in zip(last[name][:2], before[:2], strict=True))
        text = f"{NAMES[name]}: seconds a customer over those at {smaller:,}"
        yield _row(text, "≤ 1.3", f"{wall:.2f}", f"{cpu:.2f}", wall <= 1.3)
    peak = max(last[name].peak for name in OURS) / 2**30
    yield _row("ours: most memory, GiB", "< 2.5", f"{peak:.2f}", "", peak < 2.5)
    if size >= LARGE:
        wall, cpu = last["simulate"][:2]
        yield _row(NAMES["simulate"] + ", s", "< 60", f"{wall:.1f}", f"{cpu:.1f}", wall < 60)
    text = f"online: 50 events as JSON, µs (least {online['least']:.0f})"
    yield _row(text, "< 150", f"{online['median']:.0f}", f"{online['cpu']:.0f}", online["median"] < 150)
    for name, found in differences.items():
        if name != "cells":
            over = f"{differences['cells']:,} cells" if name in ("online", "pandas") else "frequency, recency and T"
            yield _row(f"batch and {name.replace('_', '-')}: differences in {over}", "0", str(found), "", found == 0)


def _row(goal: str, limit: str, wall: str, cpu: str, holds: bool) -> str:
    return f"| {goal} | {limit} | {wall} | {cpu} | {'holds' if holds else '**missed**'} |"


def _figures(seconds: float) -> str:
    return f"{seconds:.3f}" if seconds < 1 else f"{seconds:.2f}" if seconds < 100 else f"{seconds:.0f}"


if __name__ == "__main__":
    main()

"""Runs every benchmark, small, one after another: `python -m benchmarks.small`, or `make bench`.

What a program prints is written to OUT/PROGRAM.md too, the times and what failed to OUT/small.md. A program whose data
or peer is not at hand says so in a line and counts as left out.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.stopwatch import CHECKOUT, LEFT_OUT, load, machine

SMALL = (
    "features --customers 10000 --repeats 1 --no-peers",
    "append --customers 20000 --repeats 1",
    "paired HEAD --customers 10000 --repeats 3",
    "scale --customers 5000 20000",
    "spark --customers 2000",
    "models --customers 10000 --repeats 1",
    "regret --most 60",
    "accuracy --cache {out}/accuracy --logs online_retail_ii clumpy",
    "monitoring weeks --runs 20",
    "monitoring looks --logs 1 --customers 3000",
    "recalibration --runs 1 --customers 500",
    "year --customers 300 --weeks 6",
    "challenger customers --customers 1000",
    "challenger latency --pairs 200",
    "planning uplift --splits 2 --out {out}/planning",
    "planning_worlds drawn_without_effect value channels unchanged unchanged_by_survey --runs 1",
    "allocation --most 20000",
    "beside_large --repeats 1 --megabytes 5",
    "serving --bentoml-home var/bentoml --rounds 1 --seconds 2 --no-litserve",
)
"""Each benchmark with small sizes; `{out}` is the folder of the results."""


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.small", description=__doc__)
    parser.add_argument("--out", type=Path, default=CHECKOUT / "var/bench", metavar="DIR")
    parser.add_argument("--only", nargs="+", metavar="PROGRAM", help="run these alone")
    arguments = parser.parse_args()
    if unknown := set(arguments.only or ()) - {command.split()[0] for command in SMALL}:
        parser.error(f"no benchmark is named {', '.join(sorted(unknown))}")
    out: Path = arguments.out.absolute()
    chosen = [command for command in SMALL if not arguments.only or command.split()[0] in arguments.only]
    began = time.perf_counter()
    rows = [*machine(), "", "| benchmark | seconds | processor | load | |", "|---|---:|---:|---:|---|"]
    shutil.rmtree(out / "accuracy", ignore_errors=True)  # its forecasts would be taken from there
    out.mkdir(parents=True, exist_ok=True)
    for name in {command.split()[0] for command in chosen}:
        (out / f"{name}.md").unlink(missing_ok=True)
    failed = []
    for command in chosen:
        print(f"\npython -m benchmarks.{command}", flush=True)
        before = _seconds()
        status = _run(command.format(out=out).split(), out)
        result = {0: "", LEFT_OUT: "left out"}.get(status, f"failed, exit code {status}")
        rows.append(f"| {command} | {_difference(before)} | {load()} | {result} |")
        failed += [command] if result.startswith("failed") else []
    rows.append(f"| all | {_difference((began, 0.0))} | | |")
    (out / "small.md").write_text("\n".join(rows) + "\n")
    print("\n" + "\n".join(rows))
    if failed:
        sys.exit(f"{len(failed)} of {len(chosen)} failed: {'; '.join(failed)}")


def _run(command: list[str], out: Path) -> int:
    """Run a benchmark, show what it prints, and return its exit code."""
    with (
        (out / f"{command[0]}.md").open("a") as file,
        subprocess.Popen(_command(command), cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            file.write(line)
    return process.returncode


def _seconds() -> tuple[float, float]:
    """Return the time by the clock and of the processors, of processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), used.ru_utime + used.ru_stime


def _difference(before: tuple[float, float]) -> str:
    return " | ".join(f"{now - then:.0f}" for now, then in zip(_seconds(), before, strict=True))


def _command(words: list[str]) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{words[0]}", *words[1:]]


if __name__ == "__main__":
    main()

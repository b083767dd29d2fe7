"""Ingest and features beside those of another commit: `python -m benchmarks.paired COMMIT --customers 100000`.

The commit is checked out beside this one, and both run each step of `benchmarks.contenders` in turn, in processes of
their own, on the same log. The ratio of processor time within a pair depends little on what else the machine does, so
the median of these ratios and their quartiles count.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

from benchmarks.stopwatch import CHECKOUT, leave_out, measured

AS_OF = "2025-12-31"
FEW = 500
STEPS = ("read", "read_by_time", "read_referenced", "one_date", "many_dates")


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.paired", description=__doc__)
    parser.add_argument("commit", metavar="COMMIT")
    parser.add_argument("--customers", type=int, default=100_000, metavar="N")
    parser.add_argument("--repeats", type=int, default=9, metavar="N")
    parser.add_argument("--steps", nargs="+", default=STEPS, metavar="STEP", help=f"of {', '.join(STEPS)}")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for logs and stores, 3 GB a million customers")
    arguments = parser.parse_args()
    if not (CHECKOUT / ".git").exists():
        leave_out("this is no checkout of git")
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=arguments.folder) as name:
        other = Path(name) / "checkout"
        subprocess.run(
            ["git", "worktree", "add", "--detach", "--quiet", other, arguments.commit], cwd=CHECKOUT, check=True
        )
        try:
            _compare(Path(name), {"then": other, "now": CHECKOUT}, arguments)
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", other], cwd=CHECKOUT, check=True)


def _compare(folder: Path, checkouts: dict[str, Path], arguments: argparse.Namespace) -> None:
    folders = {name: folder / name / str(arguments.customers) for name in checkouts}
    few = {name: folder / name / str(FEW) for name in checkouts}
    for name, logs in (("now", few), ("now", folders)):
        for step in ("simulate", "variants"):
            _run(checkouts[name], step, logs[name])
        shutil.copytree(logs["now"], logs["then"])
    for name, checkout in checkouts.items():
        for logs in (few, folders):
            _run(checkout, "read", logs[name])
    print(f"| step, {arguments.customers:,} customers | then, s | now, s | now / then | quartiles |")
    print("|---|---:|---:|---:|---:|")
    for step in arguments.steps:
        seconds: dict[str, list[float]] = {"then": [], "now": []}
        for turn in range(arguments.repeats):
            for name in sorted(checkouts, reverse=turn % 2 == 0):
                seconds[name].append(_run(checkouts[name], step, folders[name]))
        ratios = [now / then for now, then in zip(seconds["now"], seconds["then"], strict=True)]
        lower, _, upper = quantiles(ratios, n=4)
        medians = (f"{median(seconds[name]):.3f}" for name in ("then", "now"))
        print(f"| {step} | {' | '.join(medians)} | {median(ratios):.3f} | {lower:.3f} to {upper:.3f} |", flush=True)


def _run(checkout: Path, step: str, folder: Path) -> float:
    """Return the seconds of the processor that a step takes."""
    return measured(sys.executable, "benchmarks.contenders", step, folder, AS_OF, checkout=checkout).cpu


if __name__ == "__main__":
    main()

"""Tests the tests: puts small faults into a copy of the code, one at a time, and runs the tests nearest to each.

    python tests/mutants.py                  all of tests/mutants.toml, and 20 drawn of each module named there
    python tests/mutants.py --sample 0       those written by hand only
    python tests/mutants.py retrain gate     those whose name or file has one of these words

A mutant is killed when its tests fail and survives when they pass. It exits with 1 when more survive than the table
allows.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "mutants.toml"
SECONDS = 600


@dataclass(frozen=True)
class Mutant:
    """A file with one small fault, and the tests that should notice."""

    name: str
    file: str
    text: str
    tests: tuple[str, ...]
    slow: bool = False


def mutant_of(row: dict[str, Any]) -> Mutant:
    """The mutant of a row of the table. Raises ValueError where the code it changes is not there exactly once."""
    text = (ROOT / row["file"]).read_text()
    if text.count(row["old"]) != 1 or row["old"] == row["new"]:
        raise ValueError(
            f"mutant {row['name']}: its old text occurs {text.count(row['old'])} times in {row['file']}, expected "
            "once: bring tests/mutants.toml up to date with the code"
        )
    changed = text.replace(row["old"], row["new"])
    return Mutant(row["name"], row["file"], changed, tuple(row["tests"]), row.get("slow", False))


def _wanted(words: list[str], *names: str) -> bool:
    return not words or any(word in name for word in words for name in names)


def drawn(file: str, tests: Iterable[str], count: int, seed: int) -> list[Mutant]:
    """So many mutants of a module, drawn from all that the operators of Cosmic Ray make of it."""
    text = (ROOT / file).read_text()
    nodes = list(ast_nodes(get_ast(text)))
    places: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[str, int]]] = {}
    for name in operator_names():
        # Those that take arguments are for experiments of their own; `|` is in annotations, which nothing runs.
        if not get_operator(name).arguments() and "_BitOr_" not in name:
            operator = get_operator(name)()
            positions = [place for node in nodes for place in operator.mutation_positions(node)]
            for occurrence, place in enumerate(positions):
                places.setdefault(place, []).append((name, occurrence))
    random_numbers = random.Random(f"{seed} {file}")
    mutants = []
    for place in random_numbers.sample(sorted(places), min(count, len(places))):
        name, occurrence = random_numbers.choice(places[place])
        changed = mutate_code(text, get_operator(name)(), occurrence)
        label = f"line {place[0][0]}: {name.removeprefix('core/')}"
        mutants.append(Mutant(label, file, changed, tuple(tests)))
    return mutants


def notices(copy: Path, mutant: Mutant | None, tests: tuple[str, ...], slow: bool) -> bool:
    """Whether the tests fail in a copy of the repository that has the mutant, or in an unchanged one."""
    file = copy / mutant.file if mutant else None
    original = file.read_text() if file else ""
    try:
        if file and mutant:
            file.write_text(mutant.text)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "CI": "1"}
        if slow:
            command += ["-m", "not proof"]
        try:
            ended = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return True
        if ended.returncode in (4, 5):  # wrong arguments, no test
            raise ValueError(f"{' '.join(tests)}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}")
        return ended.returncode != 0
    finally:
        if file:
            file.write_text(original)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD", help="only mutants whose name or file has one of these")
    parser.add_argument("--sample", type=int, default=20, metavar="N", help="how many are drawn of each module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="how many run at once")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without mutants first")
    given = parser.parse_args()
    table = tomllib.loads(TABLE.read_text())
    groups = {
        "by hand": [mutant_of(row) for row in table["mutant"] if _wanted(given.words, row["name"], row["file"])],
        "drawn": [
            mutant
            for file, tests in table["modules"].items()
            if _wanted(given.words, file)
            for mutant in drawn(file, tests, given.sample, given.seed)
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(given.workers):
            copies.put(_copy(Path(folder, str(number))))

        def judged(mutant: Mutant | None, tests: tuple[str, ...], slow: bool) -> bool:
            copy = copies.get()
            try:
                return notices(copy, mutant, tests, slow)
            finally:
                copies.put(copy)

        everything = [mutant for mutants in groups.values() for mutant in mutants]
        with ThreadPoolExecutor(given.workers) as pool:
            sets = sorted({(mutant.tests, mutant.slow) for mutant in everything} if not given.trust else ())
            for (tests, _), failed in zip(sets, pool.map(lambda s: judged(None, *s), sets), strict=True):
                if failed:
                    sys.exit(f"these tests fail without any mutant: {' '.join(tests)}")
            survivors = dict.fromkeys(groups, 0)
            killed = pool.map(lambda mutant: judged(mutant, mutant.tests, mutant.slow), everything)
            for mutant, noticed in zip(everything, killed, strict=True):
                print(f"{'killed  ' if noticed else 'SURVIVED'} {mutant.file} {mutant.name}", flush=True)
                survivors["by hand" if mutant in groups["by hand"] else "drawn"] += not noticed
    for name, mutants in groups.items():
        print(f"{name}: {len(mutants) - survivors[name]} of {len(mutants)} killed, {survivors[name]} survived")
    sys.exit(int(survivors["by hand"] > table["most_survivors"]))


def _copy(folder: Path) -> Path:
    """A copy of what git knows, as it is in the work tree, with what Numba has compiled of it."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    compiled = [str(file.relative_to(ROOT)) for file in (ROOT / "features").rglob("*.nb[ci]")]
    for name in [*listed.split("\0"), *compiled]:
        source, target = ROOT / name, folder / name
        if name and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)  # with its time, by which Numba knows whether a file has changed
    return folder


if __name__ == "__main__":
    main()

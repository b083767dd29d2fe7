"""A wholesaler that does not exist plans a week of visits and offers: what `make plan` runs.

    python examples/planning/shop.py FOLDER

Each step is a verb of the command on files that a firm would have. The customers are simulated: a world with a known
truth lives until the day of the plan.
"""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from features.simulate.truth import Truth
from features.simulate.world import World

CUSTOMERS, REPS, DAY = 3_000, 4, 905
CATALOGUE = Path(__file__).with_name("actions.toml")
TRUTH = Truth(spend_gamma=230, reps=REPS, channel_spread=0.8)
"""A purchase is worth 525 on average, so that visits can pay."""


def main(folder: Path) -> None:
    """Simulate a log, ingest it, and plan the week after its end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    world = World(TRUTH, customers=CUSTOMERS, seed=48)
    pq.write_table(world.until(DAY), folder / "log.parquet")
    cutoff = TRUTH.start + timedelta(days=DAY)
    store, plan = folder / "store", folder / "plans" / "first"
    run("ingest", folder / "log.parquet", "--out", store)
    run("plan", store, "--out", plan, "--as-of", cutoff, "--catalogue", CATALOGUE)
    print(f"\nThe manager's page: {plan / 'plan.html'}")


def run(*arguments: object) -> None:
    """Run a verb of the command, and show it."""
    print("\n$ regulars", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "cli.main", *map(str, arguments)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/plan"))

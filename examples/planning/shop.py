"""A wholesaler that does not exist plans a week of visits and offers, and sees what they changed: `make plan`.

    python examples/planning/shop.py FOLDER

Each step is a verb of the command on files that a firm would have. Only the customers and the sales representatives are
simulated: a world with a known truth, which takes the plan and lives on.
"""

import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from features.simulate.truth import Truth
from features.simulate.world import World
from planning.plan_folder import read_plan

CUSTOMERS, REPS, DAY, AFTER = 2_000, 4, 905, 130
CATALOGUE = Path(__file__).with_name("actions.toml")
TRUTH = Truth(spend_gamma=230, reps=REPS, channel_spread=0.8)
"""A purchase is worth 525 on average, so that visits can pay."""


def main(folder: Path) -> None:
    """Simulate a log, plan the week after its end, live through the plan's horizon, and ask what it changed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    world = World(TRUTH, customers=CUSTOMERS, seed=48)
    store, plans = folder / "store", folder / "plans"

    pq.write_table(world.until(DAY), folder / "log.parquet")
    run("ingest", folder / "log.parquet", "--out", store)
    cutoff = TRUTH.start + timedelta(days=DAY)
    run("plan", store, "--out", plans / "first", "--as-of", cutoff, "--catalogue", CATALOGUE)

    done = read_plan(plans / "first").done
    world.act(done[["customer_id", "day", "event_type", "channel", "goal", "content", "plan_item", "minutes"]])
    later = world.until(DAY + AFTER)
    pq.write_table(later, folder / "later.parquet")
    run("append", folder / "later.parquet", "--store", store)
    run("effects", store, "--plans", plans, "--out", folder / "effects")
    print(f"\nThe manager's page of the plan: {plans / 'first' / 'plan.html'}")
    print(f"What it changed: {folder / 'effects' / 'effects.html'}")


def run(*arguments: object) -> None:
    """Run a verb of the command, and show it."""
    print("\n$ regulars", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "cli.main", *map(str, arguments)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/plan"))

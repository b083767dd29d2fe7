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

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
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
    world.customers().to_parquet(folder / "customers.parquet")
    run("customers", folder / "customers.parquet", "--store", store)
    cutoff = TRUTH.start + timedelta(days=DAY)
    run("plan", store, "--out", plans / "first", "--as-of", cutoff, "--catalogue", CATALOGUE)

    assigned = read_plan(plans / "first").assigned
    world.act(assigned[["customer_id", "day", "event_type", "channel", "goal", "content", "plan_item", "minutes"]])
    later = world.until(DAY + AFTER)
    books = fill_workbooks(plans / "first" / "reps", world.records())
    sent = fill_crm(plans / "first" / "crm.csv", folder / "crm-back.csv", world.records())
    week_over = TRUTH.start + timedelta(days=DAY + 14)
    run("record", plans / "first", *books, sent, "--recorded-at", week_over, "--append", store)
    # What the plan did is recorded by the representatives and the CRM; the rest comes from the firm's own systems.
    planned = pc.is_valid(later["plan_item"])
    later_on = pc.is_in(later["outcome"], pa.array(["redeemed", "expired"]))
    rest = later.filter(pc.or_(pc.invert(planned), pc.fill_null(later_on, False)))
    pq.write_table(rest, folder / "later.parquet")
    run("append", folder / "later.parquet", "--store", store)
    run("effects", store, "--plans", plans, "--out", folder / "effects")
    print(f"\nThe manager's page of the plan: {plans / 'first' / 'plan.html'}")
    print(f"What it changed: {folder / 'effects' / 'effects.html'}")


def fill_workbooks(folder: Path, records: pd.DataFrame) -> list[Path]:
    """Enter into the representatives' workbooks what they report, as they would by hand."""
    known = records.set_index("plan_item")
    books = sorted(folder.glob("*.xlsx"))
    for path in books:
        book = openpyxl.load_workbook(path)
        sheet = book["plan"]
        columns = {cell.value: cell.column for cell in sheet[1]}
        for row in range(2, sheet.max_row + 1):
            item = sheet.cell(row, columns["plan_item"]).value
            if item in known.index:
                for name in ("status", "reason", "done_at", "outcome", "satisfaction", "loyalty"):
                    value = known.at[item, name]
                    sheet.cell(row, columns[name]).value = None if pd.isna(value) else value
        book.save(path)
    return books


def fill_crm(path: Path, back: Path, records: pd.DataFrame) -> Path:
    """Return the CRM's file with what it sent: the rows that take nobody's time, which no workbook has."""
    known = records.set_index("plan_item")
    table = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    table = table[(table["minutes_planned"].astype(float) == 0) & table["plan_item"].isin(known.index)]
    for name in ("status", "reason", "done_at", "outcome"):
        table[name] = known[name].reindex(table["plan_item"]).to_numpy()
    table.to_csv(back, index=False, encoding="utf-8-sig")
    return back


def run(*arguments: object) -> None:
    """Run a verb of the command, and show it."""
    print("\n$ regulars", *arguments, flush=True)
    subprocess.run([sys.executable, "-m", "cli.main", *map(str, arguments)], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/plan"))

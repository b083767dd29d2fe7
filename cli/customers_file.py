"""Takes a file into the customers' table of a store, and prints what became of its rows."""

from pathlib import Path

from cli.terminal import echo
from features.plurals import counted


def take_customers_file(store: Path, file: Path, recorded_at: str | None = None) -> None:
    """Update the customers' table of a store from a file, and print the outcome.

    Parameters
    ----------
    store : Path
        The folder of an event store.
    file : Path
    recorded_at : str, optional
        When changes without a time of their own are known; without it now.
    """
    from features.as_of import AsOf
    from features.encryption.volumes import check_volume
    from features.store.event_store import open_store
    from features.timezones import DAY
    from planning.customers.customers_table import update_customers
    from planning.customers.known_customers import TABLE_FILE
    from serving.clock import utc_now

    check_volume(store)
    moment = AsOf.parse(recorded_at or utc_now(), open_store(store).timezone)
    update = update_customers(store, file, moment)
    echo(
        f"{counted(update.rows_in, 'row')} in: {update.new:,} of new customers, {counted(update.changed, 'change')}, "
        f"{update.unchanged:,} known already, {update.superseded:,} superseded within the file, "
        f"{update.quarantined:,} quarantined"
    )
    if update.lifted:
        they = "it does" if update.lifted == 1 else "they do"
        echo(f"{counted(update.lifted, 'opt-out')} lifted: the file says that {they} not hold any more")
    for reason, count in update.reasons.items():
        echo(f"  {count:,}  {reason}")
    if update.kept:
        have = "row of earlier files has" if update.kept == 1 else "rows of earlier files have"
        echo(f"{update.kept:,} faulty {have} not been mended")
    if update.quarantine:
        echo(f"the faulty rows are in {update.quarantine}: mend them and read that file")
    age = ""
    if update.last_recorded is not None:
        days = max(0, (moment.time - update.last_recorded) // DAY)
        age = f"; the latest fact is {counted(days, 'day')} old" if days else "; the latest fact is of today"
    echo(
        f"{counted(update.customers, 'customer')} of {counted(update.reps, 'rep')}, {update.opted_out:,} opted out of "
        f"a channel, {update.without_events:,} without an event in the store{age}"
    )
    echo(f"-> {store / TABLE_FILE}")

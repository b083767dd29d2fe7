"""Erasures that were begun and have not ended: who their customers are, so that the next one ends them too."""

from pathlib import Path

from cli.terminal import echo
from features.plurals import counted


def customers_of_stopped_erasures(store: Path) -> list[str]:
    """Return the customers in a store whose erasure has not ended, and print of how many."""
    from features.erasure.store_erasure import unfinished_erasures
    from planning.customers.known_customers import TABLE_FILE, read_table

    known = read_table(store)["customer_id"].to_pylist() if (store / TABLE_FILE).is_file() else []
    names = unfinished_erasures(store, known)
    if names:
        echo(f"the erasure of {counted(len(names), 'customer')} has not ended: it is ended here")
    return names


def end_stopped_erasures(store: Path) -> bool:
    """Note that erasures have ended that had only to be noted, and print it; return whether there were any."""
    from features.erasure.store_erasure import erase_from_store
    from features.erasure.suppression import read_suppression

    pending = len(read_suppression(store).pending)
    if pending:
        erase_from_store(store, ())
        echo(f"the erasure of {counted(pending, 'customer')} has ended: {store} has nothing of them any more")
    return pending > 0

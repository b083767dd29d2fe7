"""Opt-outs recorded after a plan's cutoff, which stop the plan all the same."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from features.as_of import AsOf
from planning.records import current_records


def later_opt_outs(
    known: pd.DataFrame | None, latest: pd.DataFrame | None, folders: Sequence[Path], cutoff: AsOf
) -> dict[str, list[str]]:
    """Return the channels that customers have opted out of at the cutoff or later, and not back in since.

    Parameters
    ----------
    known, latest : DataFrame, optional
        The customers' table as known at the cutoff, and with all its versions, as
        `planning.customers.known_customers.customers_at` returns them.
    folders : sequence of Path
        Earlier plans, whose records may say that a customer opted out.
    cutoff : AsOf

    Returns
    -------
    dict of str to list of str
        By customer, in order.
    """
    channels: dict[str, set[str]] = {}
    permitted = {} if latest is None else latest["not_opted_out"].to_dict()
    if latest is not None:
        before = {} if known is None else known["opted_out"].to_dict()
        for customer_id, listed in latest["opted_out"].items():
            if added := set(listed).difference(before.get(customer_id, ())):
                channels[str(customer_id)] = added
    end = pd.Timestamp(cutoff.time, unit="us", tz="UTC")
    for folder in folders:
        records = current_records(folder)
        skipped = records[(records["status"] == "skipped") & (records["reason"] == "opted_out")]
        for record in skipped[skipped["recorded_at"] >= end].itertuples():
            opted_in = permitted.get(record.customer_id, {}).get(record.channel)
            if opted_in is None or opted_in <= record.recorded_at:
                channels.setdefault(str(record.customer_id), set()).add(str(record.channel))
    return {customer_id: sorted(channels[customer_id]) for customer_id in sorted(channels)}

"""What the page's lists of customers to contact are made from: figures by length, and who is on each list and why."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from reporting.contact_lists import SHOWN
from reporting.page.rendering import columns


def contact_data(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return the data of the page's script for the tables `list_lengths`, `contact_lists` and `outliers`.

    Each customer is held once, however many lists they are on: `customers` and `next_step` by position; `order`, by
    purpose and side, has these positions, and with them the reason, a position in `reasons`, and its figures.
    """
    contacts = tables["contact_lists"]
    people = contacts.drop_duplicates("customer_id").reset_index(drop=True)
    position = pd.Series(people.index, people["customer_id"])
    reasons = contacts["reason"].drop_duplicates().tolist()
    order: dict[str, dict[str, Any]] = {}
    for (purpose, side), members in contacts.groupby(["purpose", "side"], sort=False):
        held = pd.DataFrame(
            {
                "customer": position[members["customer_id"]].to_numpy(),
                "reason": members["reason"].map(reasons.index).to_numpy(),
                "reason_value": members["reason_value"].to_numpy(),
                "reason_most": members["reason_most"].to_numpy(),
            }
        )
        order.setdefault(str(purpose), {})[str(side)] = columns(held)
    return {
        "purposes": list(order),
        "headline": tables["headline"].set_index("outcome")["list"].to_dict(),
        "figures": _records(tables["list_lengths"]),
        "outliers": _records(tables["outliers"]),
        "customers": columns(people[list(SHOWN)]),
        "next_step": people["next_step"].tolist(),
        "reasons": reasons,
        "order": order,
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    held = columns(table)
    return [dict(zip(held, values, strict=True)) for values in zip(*held.values(), strict=True)]

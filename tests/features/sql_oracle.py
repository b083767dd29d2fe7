"""The slow truth: the feature table in DuckDB's SQL, made from the definitions without the kernel.

Only the mini language is shared. What an event sees of its neighbours is written here a second time, by hand, as
window functions over the known events of a customer.
"""

import re

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from features.definitions import AGGREGATES, FEATURE_COLUMNS, Aggregate, FeatureColumn
from features.definitions.specs import CODES
from features.schema import EVENT_TYPES

PURCHASE = EVENT_TYPES.index("purchase")
VISIT = EVENT_TYPES.index("visit")

# Of events at one moment the order is by kind, then by content, the last column of the store first.
ORDER = "time, kind, loyalty, satisfaction, outcome, goal, channel, cents, day, known_until, known_from"

CAUSAL = f"""
    SELECT *,
        {{as_of_day}} - day AS age,
        CAST(kind = {PURCHASE} AND row_number() OVER of_the_day = 1 AS BIGINT) AS new_day,
        CASE WHEN kind = {PURCHASE} AND row_number() OVER of_the_day = 1
            THEN coalesce(day - max(day) OVER earlier_days, 0) ELSE 0 END AS gap,
        CAST(coalesce(day > min(day) FILTER (kind = {PURCHASE}) OVER (PARTITION BY customer_id), false) AS BIGINT)
            AS after_first_day,
        count(*) FILTER (kind = {VISIT}) OVER since_a_purchase AS followed_visits
    FROM (
        SELECT *,
            count(*) FILTER (kind = {PURCHASE}) OVER before AS purchases_before,
            row_number() OVER (PARTITION BY customer_id ORDER BY {ORDER}) AS place
        FROM known
        WINDOW before AS (
            PARTITION BY customer_id ORDER BY {ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    )
    WINDOW
        of_the_day AS (PARTITION BY customer_id, kind, day ORDER BY place),
        earlier_days AS (
            PARTITION BY customer_id, kind ORDER BY day RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ),
        since_a_purchase AS (
            PARTITION BY customer_id, purchases_before ORDER BY day RANGE BETWEEN 14 PRECEDING AND CURRENT ROW
        )
"""


def features_sql(as_of: int, as_of_day: int, events: str = "events") -> str:
    """Return the query for `customer_id` and all of `definitions.FEATURE_COLUMNS`, in order, null as NULL.

    `as_of` in microseconds (UTC), `as_of_day` in the business time zone; `events` names a table with `customer_id`
    and the columns of `store.DTYPES`, absent values as in `store.ABSENT`.
    """
    gathered = ",\n        ".join(f"{_gathered(a)} AS {a.name}" for a in AGGREGATES)
    served = ",\n    ".join(f'{_served(c)} AS "column {c.name}"' for c in FEATURE_COLUMNS)
    return f"""
WITH known AS (
    SELECT * FROM {events} WHERE time < {as_of} AND known_from < {as_of} AND known_until >= {as_of}
), seen AS (
{CAUSAL.format(as_of_day=as_of_day)}
), gathered AS (
    SELECT customer_id, CAST({as_of_day} AS BIGINT) AS as_of_day,
        {gathered}
    FROM seen GROUP BY customer_id
)
SELECT customer_id,
    {served}
FROM gathered ORDER BY customer_id
"""


def sql_feature_table(events: pa.Table, as_of: int, as_of_day: int) -> pd.DataFrame:
    """Return the feature table of these events, like `features.engines.feature_table.feature_table`."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("events", events)
        found = connection.sql(features_sql(as_of, as_of_day)).to_arrow_table()
    index = pd.Index(found["customer_id"].to_pandas(), dtype="str", name="customer_id")
    values = [found[f"column {c.name}"].to_numpy() for c in FEATURE_COLUMNS]
    return pd.DataFrame(np.array(values).T, index=index, columns=[c.name for c in FEATURE_COLUMNS])


def _gathered(a: Aggregate) -> str:
    where = f"kind = {EVENT_TYPES.index(a.event_type)}" + (f" AND ({_sql(a.where)})" if a.where else "")
    value = f"CAST({_sql(a.value)} AS BIGINT)"
    call = {
        "count": "count(*)",
        "sum": f"sum({value})",
        "min": f"min({value})",
        "max": f"max({value})",
        "last": f"arg_max({value}, place)",
        "median": f"quantile_cont({value}, 0.5)",
    }[a.how]
    kind = "DOUBLE" if a.how == "median" else "BIGINT"
    return f"CAST(coalesce({call} FILTER (WHERE {where}), {a.empty}) AS {kind})"


def _served(c: FeatureColumn) -> str:
    value = f"CAST({_sql(c.expression)} AS DOUBLE)"
    return f"CASE WHEN {_sql(c.null_when)} THEN NULL ELSE {value} END" if c.null_when else value


def _sql(text: str) -> str:
    """Return a condition or expression of the mini language in SQL; its `/` is DuckDB's own, between floats."""
    text = re.sub(r"\b[A-Z][A-Z_]+\b", lambda word: str(CODES[word.group()]), text)
    return text.replace("==", "=").replace("!=", "<>")

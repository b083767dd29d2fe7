"""The slow truth: the feature table in DuckDB's SQL, made from the definitions without the kernel.

Only the mini language is shared. What an event sees of its neighbours is written here a second time, by hand, as
window functions over the known events of a customer. What is charged to sales depends on all returns before, so that is
a loop over every pair of a return and a sale, by hand too.
"""

import re
from itertools import groupby

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from features.definitions.registry import FeatureSet, default_features
from features.definitions.specs import Aggregate, CausalColumn, FeatureColumn
from features.schema import EVENT_TYPES
from features.store.layout import CODED_WORDS

# Of events at one moment the order is by kind, then by content, the last column of the store first.
ORDER = (
    "time, kind, loyalty, satisfaction, outcome, goal, channel, cents, day, reference, sale_reference, "
    "known_until, known_from"
)

PLACED = f"""
    SELECT *, {{as_of_day}} - day AS age, row_number() OVER (PARTITION BY customer_id ORDER BY {ORDER}) AS place
    FROM known
"""


SALES = f"""
    SELECT *, left_over AS "left of sale",
        CAST(day > min(day) FILTER (kind = {EVENT_TYPES.index("purchase")}) OVER (PARTITION BY customer_id) AS BIGINT)
            AS "after_first_day of sale",
        CAST(left_over != 0 AND row_number() OVER (
            PARTITION BY customer_id, kind, day, left_over != 0 ORDER BY place) = 1 AS BIGINT) AS "new_day_left of sale"
    FROM seen
"""


def _causal(c: CausalColumn, events: str) -> str:
    """Return the query that adds a causal column to events that know their place."""
    kind, source = EVENT_TYPES.index(c.event_type), EVENT_TYPES.index(c.of or c.event_type)
    first_of_day = f"kind = {kind} AND row_number() OVER (PARTITION BY customer_id, kind, day ORDER BY place) = 1"
    earlier_days = "PARTITION BY customer_id, kind ORDER BY day RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    same_type_before = "lag(day) OVER (PARTITION BY customer_id, kind ORDER BY place)"
    value = {
        "new_day": f"CAST({first_of_day} AS BIGINT)",
        "gap": f"CASE WHEN {first_of_day} THEN coalesce(day - max(day) OVER ({earlier_days}), 0) ELSE 0 END",
        "after_first_day": f"CAST(coalesce(day > min(day) FILTER (kind = {source}) OVER (PARTITION BY customer_id), "
        "false) AS BIGINT)",
        "followed": f"CAST(coalesce(day - {same_type_before} <= {c.days}, false) AS BIGINT)"
        if kind == source
        else f"count(*) FILTER (kind = {source}) OVER (PARTITION BY customer_id, events_before ORDER BY day "
        f"RANGE BETWEEN {c.days} PRECEDING AND CURRENT ROW)",
        "unmatched": "CAST(left_over != 0 AS BIGINT)",
    }[c.kind]
    before = "PARTITION BY customer_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    return f"""
    SELECT * EXCLUDE events_before, {value} AS "{c.name} of {c.event_type}"
    FROM (SELECT *, count(*) FILTER (kind = {kind}) OVER ({before}) AS events_before FROM ({events}))
"""


KNOWN = "SELECT * FROM events WHERE time < {as_of} AND known_from < {as_of} AND known_until >= {as_of}"
PURCHASE, RETURN = (EVENT_TYPES.index(name) for name in ("purchase", "return"))


def charged(known: pa.Table) -> pa.Table:
    """Return `customer_id`, `place` and `left_over`: of a purchase what is left, of a return what found no sale."""
    names = ("customer_id", "place", "kind", "cents", "reference", "sale_reference")
    customers, places, kinds, cents, references, named = (known[name].to_pylist() for name in names)
    left_over: list[int] = []
    for _, group in groupby(range(len(known)), key=customers.__getitem__):
        rows = list(group)
        left = [cents[row] for row in rows]
        for at, row in enumerate(rows):
            if kinds[row] == RETURN:
                sales = [sale for sale in reversed(range(at)) if kinds[rows[sale]] == PURCHASE]
                own = [sale for sale in sales if named[row] and references[rows[sale]] == named[row]]
                if cents[row] < 0:
                    if any(left[sale] > 0 for sale in own):
                        left[at] = 0
                    for sale in own:
                        left[sale] = min(left[sale], 0)
                    continue
                for sale in own + sales:
                    charge = max(0, min(left[at], left[sale]))
                    left[at] -= charge
                    left[sale] -= charge
        left_over += left
    return pa.table({"customer_id": customers, "place": places, "left_over": left_over})


def features_sql(as_of: int, as_of_day: int, features: FeatureSet) -> str:
    """Return the query for `customer_id` and all columns of the features, in order, null as NULL.

    `as_of` in microseconds (UTC), `as_of_day` in the business time zone. It reads the table `events` with
    `customer_id`, the columns of `store.DTYPES`, absent values as in `store.ABSENT`, and the codes of references, and
    the table `charges` that `charged` gives.
    """
    seen = f"SELECT * FROM ({PLACED.format(as_of_day=as_of_day)}) JOIN charges USING (customer_id, place)"
    for c in features.causal:
        seen = _causal(c, seen)
    gathered = ",\n        ".join(f'{_gathered(a, features)} AS "{a.name}"' for a in features.aggregates)
    served = ",\n    ".join(f'{_served(c, features)} AS "column {c.name}"' for c in features.columns)
    return f"""
WITH known AS (
    {KNOWN.format(as_of=as_of)}
), seen AS (
{seen}
), sales AS (
{SALES}
), gathered AS (
    SELECT customer_id, CAST({as_of_day} AS BIGINT) AS as_of_day,
        {gathered}
    FROM sales GROUP BY customer_id
)
SELECT customer_id,
    {served}
FROM gathered ORDER BY customer_id
"""


def sql_feature_table(events: pa.Table, as_of: int, as_of_day: int, features: FeatureSet | None = None) -> pd.DataFrame:
    """Return the feature table of these events, like `features.engines.feature_table.feature_table`."""
    features = features or default_features()
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("events", events)
        placed = PLACED.format(as_of_day=as_of_day)
        known = connection.sql(
            f"WITH known AS ({KNOWN.format(as_of=as_of)}) SELECT * FROM ({placed}) ORDER BY customer_id, place"
        ).to_arrow_table()
        connection.register("charges", charged(known))
        found = connection.sql(features_sql(as_of, as_of_day, features)).to_arrow_table()
    index = pd.Index(found["customer_id"].to_pandas(), dtype="str", name="customer_id")
    values = [found[f"column {name}"].to_numpy() for name in features.names]
    return pd.DataFrame(np.array(values).T, index=index, columns=list(features.names))


def _gathered(a: Aggregate, features: FeatureSet) -> str:
    names = {c.name: f"{c.name} of {c.event_type}" for c in features.causal if c.event_type == a.event_type}
    if a.event_type == "sale":
        names = {name: f"{name} of sale" for name in ("left", "after_first_day", "new_day_left")}
    where = f"kind = {PURCHASE if a.event_type == 'sale' else EVENT_TYPES.index(a.event_type)}"
    where += f" AND ({_sql(_coded(a.where, a.event_type), names)})" if a.where else ""
    value = f"CAST({_sql(a.value, names)} AS BIGINT)"
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


def _served(c: FeatureColumn, features: FeatureSet) -> str:
    names = {a.name: a.name for a in features.aggregates}
    value = f"CAST({_sql(c.expression, names)} AS DOUBLE)"
    return f"CASE WHEN {_sql(c.null_when, names)} THEN NULL ELSE {value} END" if c.null_when else value


def _coded(condition: str, event_type: str) -> str:
    """Return a condition with the words of its columns replaced by their positions."""

    def coded(match: re.Match[str]) -> str:
        column, operator, word = match.groups()
        return f"{column} {operator} {CODED_WORDS[column][event_type].index(word.lower())}"

    return re.sub(r"\b(channel|goal|outcome) *(==|!=) *([A-Z][A-Z0-9_]*)", coded, condition)


def _sql(text: str, names: dict[str, str]) -> str:
    """Return a condition or expression of the mini language in SQL; its `/` is DuckDB's own, between floats."""
    text = re.sub(r"[A-Za-z_]\w*", lambda name: f'"{names[name[0]]}"' if name[0] in names else name[0], text)
    return text.replace("==", "=").replace("!=", "<>")

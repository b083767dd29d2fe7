"""What was returned, against pandas, and the example's customers who brought back what they bought minutes before."""

from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store
from reporting.returns import list_length, returned_last_year, returns_summary, returns_table
from reporting.tables import rankings
from training.targets import targets
from training.windows import window

EXAMPLE = Path(__file__).parents[2] / "examples" / "online_retail_ii.parquet"
CUTOFF, DAYS = date(2011, 9, 11), 90
PERIODS = {"before": (CUTOFF - timedelta(365), CUTOFF), "after": (CUTOFF, CUTOFF + timedelta(DAYS))}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    folder = tmp_path_factory.mktemp("example")
    ingest(EXAMPLE, folder / "store")
    return open_store(folder / "store")


@pytest.fixture(scope="module")
def compared(example: EventStore) -> SimpleNamespace:
    """What the tables read of a comparison: features and money, without a model."""
    features = window(example, CUTOFF, []).features
    money = targets(example, CUTOFF, [DAYS]).reindex(features.index)
    return SimpleNamespace(features=features, spend=money[f"spend_{DAYS}"], returned=money[f"returned_{DAYS}"])


def bought_and_kept(start: date, end: date) -> pd.DataFrame:
    """The example's purchases in a period, and what its returns left of them, in pandas, one event at a time."""
    log = pd.read_parquet(EXAMPLE).sort_values(["customer_id", "event_time", "event_type"], kind="stable")
    known = log[(log["event_time"] < pd.Timestamp(end)) & log["event_type"].isin(["purchase", "return"])]
    rows = {}
    for customer, events in known.groupby("customer_id"):
        sales: list[list] = []
        for event in events.itertuples():
            cents = round(event.amount * 100)
            if event.event_type == "purchase":
                sales.append([event.event_time.date(), cents, cents])
                continue
            for sale in reversed(sales):
                charged = min(sale[2], cents)
                sale[2], cents = sale[2] - charged, cents - charged
        inside = [sale for sale in sales if sale[0] >= start]
        rows[customer] = {"bought": sum(s[1] for s in inside) / 100, "kept": sum(s[2] for s in inside) / 100}
    return pd.DataFrame.from_dict(rows, orient="index")


@pytest.mark.parametrize("period", PERIODS)
def test_money_of_the_example_is_that_of_pandas(compared: SimpleNamespace, period: str) -> None:
    """Bought, returned and kept, of each customer with a return and of the whole base, before the cutoff and after."""
    truth = bought_and_kept(*PERIODS[period]).reindex(compared.features.index).fillna(0.0)
    truth["returned"] = truth["bought"] - truth["kept"]
    found = returns_table(compared).query("period == @period").set_index("customer_id")
    assert sorted(found.index) == sorted(truth.index[truth["returned"] > 0.001])
    for name in ("bought", "returned", "kept"):
        assert found[name].to_numpy() == pytest.approx(truth.loc[found.index, name].to_numpy(), abs=1e-6)
    total = returns_summary(compared).set_index("period").loc[period]
    assert total[["bought", "returned", "kept"]].tolist() == pytest.approx(
        truth[["bought", "returned", "kept"]].sum().tolist()
    )
    assert total["customers"] == len(found)
    assert total["share"] == pytest.approx(truth["returned"].sum() / truth["bought"].sum())


def test_who_returned_it_all_is_an_outlier_and_no_top_spender(compared: SimpleNamespace) -> None:
    """12346 bought 77,183.60 and 16446 168,469.60, each back within minutes: named as outliers, first of all."""
    table = returns_table(compared)
    named = table.iloc[:2].set_index("customer_id")
    assert named.index.tolist() == ["16446", "12346"]
    assert named["outlier"].all()
    assert named["returned"].tolist() == [168469.6, 77183.6]
    assert named["kept"].tolist() == [0.0, 0.0]
    size = list_length(len(compared.features))
    top = compared.spend.sort_values(ascending=False).index[:size]
    last_year = compared.features["net_spend_365"].sort_values(ascending=False).index[:size]
    assert not {"16446", "12346"} & {*top, *last_year}
    gross = compared.features["spend_365"].sort_values(ascending=False).index[:size]
    assert "12346" in gross


def test_an_outlier_is_a_top_spender_before_returns_alone(compared: SimpleNamespace) -> None:
    """With at least half returned; who kept enough to stay at the top is none, nor who bought little."""
    table = returns_table(compared)
    for period, rows in table.groupby("period"):
        bought = compared.features["spend_365"] if period == "before" else compared.spend + compared.returned
        kept = compared.features["net_spend_365"] if period == "before" else compared.spend
        size = list_length(len(bought))
        least = [values.sort_values(ascending=False).iloc[size - 1] for values in (bought, kept)]
        expected = (rows["bought"] >= least[0]) & (rows["kept"] < least[1]) & (rows["share"] >= 0.5)
        assert rows["outlier"].tolist() == expected.tolist()
    assert table["outlier"].is_monotonic_decreasing


def test_spend_of_last_year_ranks_by_what_was_kept(compared: SimpleNamespace) -> None:
    """The naive ranking of spenders has the customers who returned everything at its end."""
    compared.rule = pd.DataFrame({"loyalty_score": 0.0}, compared.features.index)
    compared.forecasts = {"model": dict.fromkeys(("expected_purchases", "churn_probability", "expected_spend"), 0.0)}
    ranking = pd.Series(rankings(compared, "spend")["spend_last_year"], compared.features.index)
    assert ranking["12346"] == ranking.min() == 0


def test_without_returns_the_tables_are_empty() -> None:
    """No row, and no share of a base that bought nothing."""
    features = pd.DataFrame({"spend_365": [0.0], "net_spend_365": [0.0]}, index=["a"])
    nothing = pd.Series([0.0], index=["a"])
    none = SimpleNamespace(features=features, spend=nothing, returned=nothing)
    assert returns_table(none).empty
    assert returns_summary(none)["share"].isna().all()
    assert returned_last_year(features).tolist() == [0.0]


def test_a_list_is_a_tenth_of_the_customers() -> None:
    """At least one and at most 500."""
    assert [list_length(n) for n in (1, 5, 14, 300, 4999, 100_000)] == [1, 1, 1, 30, 500, 500]

"""What an erased row of a plan keeps, and how its outcomes come back."""

import pandas as pd

from planning.erased_rows import HORIZON, OUTCOMES, is_erased, kept_name, pseudonymous, with_kept_outcomes

ROW = dict.fromkeys((*OUTCOMES, "purchases_before", "spend_before"), 0.0)


def table(horizon: int | None) -> pd.DataFrame:
    kept = {kept_name(name): 3.0 for name in OUTCOMES}
    rows = [{"customer_id": "ben", **ROW, **dict.fromkeys(kept), HORIZON: None}]
    rows += [{"customer_id": "erased:00ff", **ROW, **(kept if horizon else dict.fromkeys(kept)), HORIZON: horizon}]
    return pd.DataFrame(rows)


def test_outcomes_of_the_same_horizon_count() -> None:
    """The row has what was measured before its customer was erased; nothing is known of the time before the plan."""
    rows = with_kept_outcomes(table(60), 60)
    assert rows["customer_id"].tolist() == ["ben", "erased:00ff"]
    assert rows["purchases"].tolist() == [0, 3]
    assert rows["spend"].tolist() == [0, 3]
    assert bool(rows["carried_out"].iloc[1]) is True
    assert rows["purchases_before"].isna().tolist() == [False, True]


def test_without_an_outcome_a_row_is_left_out() -> None:
    """Of another horizon, or of one that was not over, nothing is known: 0 purchases would be a lie."""
    assert with_kept_outcomes(table(60), 90)["customer_id"].tolist() == ["ben"]
    assert with_kept_outcomes(table(None), 60)["customer_id"].tolist() == ["ben"]
    assert with_kept_outcomes(table(60).drop(columns=HORIZON), 60)["customer_id"].tolist() == ["ben"]


def test_a_table_without_erased_rows_stays() -> None:
    """It is the same object."""
    rows = table(60).head(1)
    assert with_kept_outcomes(rows, 60) is rows
    assert not is_erased(rows["customer_id"]).any()


def test_a_row_keeps_what_is_named() -> None:
    """Everything else is null."""
    row = {"customer_id": "anna", "arm": "do", "reasons": ["x"]}
    assert pseudonymous(row, {"customer_id": "erased:1"}, ("arm",)) == {
        "customer_id": "erased:1",
        "arm": "do",
        "reasons": None,
    }

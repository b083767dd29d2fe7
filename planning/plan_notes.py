"""What a plan notes beside its rows: how many customers are not in it and why, and what a reader has to know."""

import pandas as pd

from planning.allocation.allocate import Allocation
from planning.catalogue.actions import Catalogue
from planning.options.forecasts import Forecasts
from planning.options.options_table import Options


def passed_over_counts(options: Options, allocation: Allocation, by_rule: bool = False) -> dict[str, int]:
    """Return how many customers are not in a plan, by reason.

    Parameters
    ----------
    options : Options
    allocation : Allocation
    by_rule : bool
        Whether what an option brings played no part.

    Returns
    -------
    dict of str to int
        Why customers have no option, or none of the actions that would pay; `does_not_pay`, customers for whom no
        action is expected to bring more than it costs; and `no_room`, customers with an option that does, for which
        the limits leave no room.
    """
    best = options.table.groupby("customer")["value"].max()
    out = best[~best.index.isin(options.table.loc[allocation.chosen, "customer"])]
    unpaid = out.index[:0] if by_rule else out.index[out <= 0]
    refused = options.refused[options.refused.index.isin(unpaid)]
    reasons = pd.concat([options.passed_over, refused]).value_counts()
    return {
        **{str(reason): int(number) for reason, number in reasons.items()},
        "does_not_pay": len(unpaid) - len(refused),
        "no_room": len(out) - len(unpaid),
    }


def warnings(
    catalogue: Catalogue, forecasts: Forecasts, gaps: pd.Series, n_later_opt_outs: int = 0, n_without_rep: int = 0
) -> list[tuple[str, str]]:
    """Return what a reader has to know, in English and Chinese.

    Parameters
    ----------
    catalogue : Catalogue
    forecasts : Forecasts
    gaps : Series of float
        The mean gap between purchases of each customer, in days; NaN without one.
    n_later_opt_outs : int
        Customers who opted out after the cutoff.
    n_without_rep : int
        Customers who have no rep while others have.
    """
    notes = []
    if forecasts.fitted_here:
        notes.append(
            (
                f"There is no champion: the forecasts are those of {forecasts.source}, fitted to this log without "
                "trials. regulars fit and regulars promote make better ones.",
                f"没有冠军模型：预测来自在本日志上直接拟合的 {forecasts.source}。"
                "运行 regulars fit 和 regulars promote 可得到更好的预测。",
            )
        )
    if n_later_opt_outs:
        notes.append(
            (
                f"Customers who opted out of a channel after the cutoff, as the plan respects: {n_later_opt_outs:,}.",
                f"截止日之后退订某渠道的客户（本计划已遵守）：{n_later_opt_outs:,} 位。",
            )
        )
    if n_without_rep and any(catalogue.pool(name).per == "rep" for each in catalogue.actions for name in each.pools):
        have, them = ("customer has", "it") if n_without_rep == 1 else ("customers have", "them")
        notes.append(
            (
                f"{n_without_rep:,} {have} no rep, so what takes a rep's time is not planned for {them}: "
                "`regulars customers` says who is responsible for whom.",
                f"{n_without_rep:,} 位客户没有代表，因此未为其安排占用代表工时的行动："
                "可用 regulars customers 指定负责人。",
            )
        )
    longest = max(catalogue.actions, key=lambda action: action.acts_days)
    gap = float(gaps.mean()) if gaps.notna().any() else 0.0
    if catalogue.horizon_days < (needed := longest.acts_days + gap):
        name, days = longest.name.replace("_", " "), longest.acts_days
        notes.append(
            (
                f"Effects are counted for {catalogue.horizon_days} days, but {name} acts for {days} and customers buy "
                f"every {gap:.0f} days: purchases that are only brought forward may be counted as gained. A "
                f"horizon_days of {needed:.0f} or more is safer.",
                f"效果只计算 {catalogue.horizon_days} 天，而 {name} 作用 {days} 天，客户平均每 {gap:.0f} 天购买一次："
                f"只是提前的购买可能被算作新增。horizon_days 设为 {needed:.0f} 以上更稳妥。",
            )
        )
    return notes

"""What to talk about with whom, and why: the catalogue's rules of content on a frame of customers."""

import re
from typing import Any

import numpy as np
import pandas as pd

from features.errors import PlanError
from planning.catalogue.actions import Catalogue
from planning.catalogue.conditions import holds

NO_RULE = -1
"""The number of the rule where none was used: an action without contents, or none of whose contents has a rule."""


def choose_content(customers: pd.DataFrame, actions: pd.Series, catalogue: Catalogue) -> pd.DataFrame:
    """Return the content and goal of each option.

    Parameters
    ----------
    customers : DataFrame, n rows
        The customer of each option, with the columns that the rules name.
    actions : Series of str, n rows
        The action of each option, in the same order.
    catalogue : Catalogue

    Returns
    -------
    DataFrame
        In the order and with the index of `customers`: `content` (None for an incentive), `goal` and `rule`, the place
        in `catalogue.content_rules` of the first rule that holds and whose content and goal the action offers, or
        `NO_RULE`; then the content and goal are the action's first.

    Raises
    ------
    PlanError
        When a rule names a column that the customers do not have.

    Examples
    --------
    >>> from planning.catalogue.catalogue_file import load_catalogue
    >>> columns = ["complaint_open", "satisfaction_last", "days_since_satisfaction_rating"]
    >>> columns += ["visit_count", "purchase_days"]
    >>> columns += [ "loyalty_score", "days_since_loyalty_rating", "visit_positive_share", "basket_mean"]
    >>> frame = pd.DataFrame([[True] + [0.0] * 8, [False, 9.0] + [0.0] * 7], columns=columns)
    >>> chosen = choose_content(frame, pd.Series(["phone", "phone"]), load_catalogue("retail"))
    >>> chosen[["content", "goal"]].to_numpy().tolist()
    [['needs', 'satisfaction'], ['needs', 'purchase_count']]
    """
    wanted = actions.to_numpy()
    content: Any = np.full(len(customers), None, object)
    goal: Any = np.full(len(customers), None, object)
    rule = np.full(len(customers), NO_RULE)
    by_name = {name: np.flatnonzero(wanted == name) for name in pd.unique(wanted)}
    for number, each in enumerate(catalogue.content_rules):
        offered = [
            rows
            for name, rows in by_name.items()
            if each.content in catalogue.action(name).contents and each.goal in catalogue.action(name).goals
        ]
        rows = np.concatenate(offered) if offered else np.empty(0, int)
        rows = rows[rule[rows] == NO_RULE]
        rows = rows[holds(each.when, customers.iloc[rows])]
        rule[rows], content[rows], goal[rows] = number, each.content, each.goal
    for name, rows in by_name.items():
        action, undecided = catalogue.action(name), rows[rule[rows] == NO_RULE]
        content[undecided] = action.contents[0] if action.contents else None
        goal[undecided] = action.goals[0]
    return pd.DataFrame({"content": content, "goal": goal, "rule": rule}, index=customers.index)


def content_reasons(customers: pd.DataFrame, rules: pd.Series, catalogue: Catalogue) -> tuple[list[str], list[str]]:
    """Return why each content was chosen, in English and Chinese, with the customer's own values.

    Parameters
    ----------
    customers : DataFrame, n rows
    rules : Series of int, n rows
        The column `rule` of `choose_content`, in the same order.
    catalogue : Catalogue

    Returns
    -------
    pair of list of str
        Empty texts for `NO_RULE`, and English where a rule has no Chinese.

    Raises
    ------
    PlanError
        When a reason writes a word as a number.
    """
    english, chinese = [""] * len(customers), [""] * len(customers)
    for number, each in enumerate(catalogue.content_rules):
        rows = np.flatnonzero(rules.to_numpy() == number)
        for row, values in zip(rows, customers.iloc[rows].to_dict("records"), strict=True):
            try:
                english[row] = re.sub(r"(\d)%", r"\1 %", each.reason.format_map(_Known(values)))
                chinese[row] = each.reason_zh.format_map(_Known(values)) or english[row]
            except (ValueError, TypeError) as error:
                raise PlanError(
                    f"content_rules[{number + 1}]: the reason {each.reason!r} cannot be written ({error}): a column of "
                    "words stands as {column}, without a format"
                ) from None
    return english, chinese


class _Known(dict[Any, Any]):
    """The values of a customer; one that is null is written as a dash in whatever format."""

    def __getitem__(self, key: Any) -> Any:
        value = self.get(key)
        known = value is not None and value == value
        return (float(value) if isinstance(value, int | np.number) else value) if known else _Dash()


class _Dash:
    def __format__(self, _: str) -> str:
        return "–"

"""Why a customer is on the list: at most three facts from the customer's own figures, in English and Chinese."""

import re
import string
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources

import msgspec
import numpy as np
import pandas as pd

from planning.catalogue.conditions import holds

MOST = 3
GAINS = ("likely", "possible", "unknown")
"""Words for the expected gain: its 80 % interval is above nothing; it is not; it is not known and is to be learnt."""


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sentence about a customer for whom a condition holds.

    Attributes
    ----------
    topic : str
        Of several facts of one topic the first that holds is taken.
    when : str
        A condition on columns of the planning table, see `planning.catalogue.conditions`.
    en, zh : str
        The sentence; `{column:.0f}` stands for the customer's figure.
    """

    topic: str
    when: str
    en: str
    zh: str

    @property
    def columns(self) -> set[str]:
        """The columns that the sentences name."""
        parts = [part for text in (self.en, self.zh) for part in string.Formatter().parse(text)]
        return {name for _, name, _, _ in parts if name}


@cache
def facts() -> tuple[Fact, ...]:
    """Return the facts of reasons.toml, in order."""
    text = resources.files("planning").joinpath("reasons.toml").read_text(encoding="utf-8")
    return msgspec.convert(tuple(tomllib.loads(text)["facts"]), tuple[Fact, ...])


LeadingReason = tuple[str, str, frozenset[str]]
"""A reason in English and Chinese, and the columns whose figures it has; empty texts for none."""


def reasons(
    table: pd.DataFrame, rating_maximum: float, leading: Sequence[LeadingReason] | None = None
) -> tuple[list[list[str]], list[list[str]]]:
    """Return the facts of each customer in English and in Chinese.

    Parameters
    ----------
    table : DataFrame, shape (n, columns)
        Rows of the planning table.
    rating_maximum : float
        The highest rating of the log's scale.
    leading : sequence of (str, str, frozenset of str), length n, optional
        A reason that comes first; facts with the same figures are then left out.

    Returns
    -------
    english, chinese : list of list of str, length n
        At most `MOST` each, none where no fact holds.
    """
    table = table.assign(rating_maximum=rating_maximum)
    leading = leading or [("", "", frozenset())] * len(table)
    english = [[text] if text else [] for text, _, _ in leading]
    chinese = [[text] if text else [] for _, text, _ in leading]
    topics: list[set[str]] = [set() for _ in range(len(table))]
    for fact in facts():
        columns = sorted(fact.columns)
        known = holds(fact.when, table) & table[columns].notna().all(axis=1).to_numpy()
        rows = [
            row
            for row in np.flatnonzero(known).tolist()
            if len(english[row]) < MOST and fact.topic not in topics[row] and not fact.columns & leading[row][2]
        ]
        for row, values in zip(rows, table[columns].to_numpy()[rows], strict=True):
            figures = dict(zip(columns, values, strict=True))
            english[row].append(singular(fact.en.format(**figures)))
            chinese[row].append(fact.zh.format(**figures))
            topics[row].add(fact.topic)
    return english, chinese


def singular(text: str) -> str:
    """Return an English text with one of a thing in the singular.

    Examples
    --------
    >>> singular("1 days ago, redeemed 1 of 11 offers")
    '1 day ago, redeemed 1 of 11 offers'
    """
    return re.sub(r"(?<![\d.,])1 (day|time|order|visit|offer|purchase)s\b", r"1 \1", text)


def gain_words(low: pd.Series, exploration: pd.Series) -> list[str]:
    """Return the word for each row's expected gain, of `GAINS`.

    Parameters
    ----------
    low : Series of float
        The lower end of the 80 % interval of the value.
    exploration : Series of bool
        Whether the row is there to learn what the action does.
    """
    return [
        "unknown" if explored or value != value else "likely" if value > 0 else "possible"
        for value, explored in zip(low, exploration, strict=True)
    ]

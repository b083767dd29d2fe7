"""Incentives by rule: the offer follows from the band of the loyalty score; the baseline of the optimised plan."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
import pandas as pd
from msgspec import Meta
from numpy.typing import NDArray

from features.errors import CatalogueError
from features.known_names import check_name
from features.loyalty.formula import Formula
from features.schema import WORDS
from planning.catalogue.actions import Action, Amount, Catalogue, Days, Pool, Share, Word, check_action
from planning.catalogue.catalogue_file import columns_of, converted
from planning.splitmix import splitmix64

BUDGET = "budget"


class Offer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What customers of one band get.

    Attributes
    ----------
    channel : {"coupon", "discount", "points", "rate"} or another channel of incentives
    level : str
        How much, in words: "10 %".
    others
        As of `planning.catalogue.actions.Action`.
    """

    channel: Word
    effect: Annotated[float, Meta(ge=-1, le=10)]
    effect_width: Annotated[float, Meta(gt=0, le=10)]
    level: Annotated[str, Meta(max_length=60)] = ""
    goals: Annotated[tuple[Word, ...], Meta(min_length=1)] = ("purchase_count",)
    cost: Amount = 0.0
    face_value: Amount = 0.0
    face_share: Share = 0.0
    uses: Annotated[int, Meta(ge=1)] | None = None
    redemption: Share = 0.0
    acts_days: Annotated[int, Meta(ge=1, le=3650)] = 28
    min_gap_days: Days = 14


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The offers of a kind of firm, their budget and their hold-out."""

    version: str
    currency: str
    margin: Annotated[float, Meta(gt=0, le=1)]
    horizon_days: Annotated[int, Meta(ge=1, le=3650)]
    budget: Amount
    bands: dict[str, Any]
    holdout_share: Annotated[float, Meta(ge=0, le=0.5)] = 0.2


def load_incentive_rules(formula: Formula, scenario: str = "retail", path: str | Path | None = None) -> Catalogue:
    """Read the rules of a scenario as a catalogue with one action a band.

    Parameters
    ----------
    formula : Formula
        Its bands are those that the rules name.
    scenario : str
        A table of the file: retail, travel or finance in the one that comes along.
    path : str or Path, optional
        A TOML file like `planning/catalogue/incentives.toml`, which is read when no path is given.

    Returns
    -------
    Catalogue
        Its actions are named after band and channel, such as `gold_points`; only customers of the band are eligible.

    Raises
    ------
    CatalogueError
        When the file cannot be read or used; the message has the file and the key.

    Examples
    --------
    >>> from features.loyalty.formula import load_formula
    >>> rules = load_incentive_rules(load_formula(), "finance")
    >>> [(action.name, action.eligible) for action in rules.actions]
    [('silver_rate', 'loyalty_score >= 40.0 and loyalty_score < 70.0'), ('gold_rate', 'loyalty_score >= 70.0')]
    """
    file = resources.files("planning.catalogue").joinpath("incentives.toml") if path is None else Path(path)
    try:
        scenarios = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
        check_name("unknown scenario", scenario, scenarios, CatalogueError)
        return _catalogue(converted(scenarios[scenario], Scenario, scenario), scenario, formula)
    except OSError as error:
        raise CatalogueError(
            f"{file}: {error.strerror}, expected rules of incentives in TOML; check the path"
        ) from None
    except (CatalogueError, ValueError) as error:
        raise CatalogueError(f"{file}: {error}") from None


def _catalogue(rules: Scenario, scenario: str, formula: Formula) -> Catalogue:
    ends = [*(band.at_least for band in formula.bands[1:]), None]
    ranges = {band.name: (band.at_least, end) for band, end in zip(formula.bands, ends, strict=True)}
    actions, places = [], []
    for band, table in rules.bands.items():
        place = f"{scenario}.bands.{band}"
        check_name(f"{scenario}.bands: unknown band", band, ranges, CatalogueError)
        offer = converted(table, Offer, place)
        low, high = ranges[band]
        eligible = f"loyalty_score >= {low}" + ("" if high is None else f" and loyalty_score < {high}")
        fields = {name: getattr(offer, name) for name in Offer.__struct_fields__ if name != "level"}
        pools = (BUDGET,)
        actions.append(Action(f"{band}_{offer.channel}", "incentive", **fields, pools=pools, eligible=eligible))
        places.append(place)
    if not actions:
        raise CatalogueError(f"{scenario}.bands has no offer: expected one for {', '.join(ranges)}, or some of them")
    catalogue = Catalogue(
        rules.version,
        rules.currency,
        rules.margin,
        rules.horizon_days,
        (Pool(BUDGET, "currency", rules.budget),),
        tuple(actions),
        holdout_share=rules.holdout_share,
        exploration_share=0.0,
        description=f"Incentives by the band of the loyalty score: {scenario}.",
    )
    for action, place in zip(actions, places, strict=True):
        try:
            check_action(action, catalogue, WORDS, columns_of(catalogue))
        except CatalogueError as error:
            raise CatalogueError(f"{place}: {error}") from None
    return catalogue


def chosen_by_rule(options: pd.DataFrame, scores: pd.Series, budget: float, seed: int = 0) -> NDArray[np.bool_]:
    """Return which offers are made: those of the highest loyalty scores, as long as the budget lasts.

    Parameters
    ----------
    options : DataFrame, n rows
        As `planning.options.options_table.make_options` gives them for the catalogue of the rules: `customer` (int),
        `cost_expected`.
    scores : Series of float
        The loyalty score of each customer, by position.
    budget : float
        Currency.
    seed : int
        Customers of equal score are ordered by a hash of the seed and their number.

    Returns
    -------
    ndarray of bool, shape (n,)
        The expected cost of the chosen is within the budget; what an offer is expected to bring plays no part.
    """
    customers = options["customer"].to_numpy(np.int64)
    order = np.lexsort((splitmix64(seed, customers), -scores.to_numpy(float)[customers]))
    chosen = np.zeros(len(options), bool)
    within = np.cumsum(options["cost_expected"].to_numpy(float)[order]) <= budget
    chosen[order[within]] = True
    return chosen

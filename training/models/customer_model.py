"""The customer model: everything a version needs to forecast, without the data of any customer."""

import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import joblib
import numpy as np
import pandas as pd

from features.atomic_file import atomic_write
from features.definitions import FEATURE_NAMES
from features.errors import ModelError
from features.loyalty.formula import Formula
from training.models.arrays import Flags, Floats
from training.models.bundle import MODEL_FILE, OUTPUTS, Card, model_digest, unreadable_reason
from training.models.count_intervals import CountIntervals, at_cutoff, count_forecast
from training.models.customer_value import MAX_VALUE_DAYS, discounted_value
from training.models.forecaster import Forecaster
from training.models.moved_classes import load_pickle
from training.models.numeric_arguments import DAY_LIMIT, require_whole
from training.models.spend.model import SpendModel


@dataclass(frozen=True)
class CustomerModel:
    """The loyalty formula and the models of one version, with their card.

    Attributes
    ----------
    card : Card
        What the version was fitted to.
    formula : Formula
        The loyalty formula.
    purchases : Forecaster
        Purchase occasions and churn.
    spend : SpendModel
        Currency per purchase occasion.
    intervals : CountIntervals, optional
        Of the purchase occasions; None for those that the purchase model has learnt itself.
    """

    card: Card
    formula: Formula
    purchases: Forecaster
    spend: SpendModel
    intervals: CountIntervals | None = None  # versions pickled before this field have none

    def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
        """Forecast purchases, churn and spend of each customer in the horizon from a cutoff on.

        Parameters
        ----------
        features : DataFrame, shape (n, columns)
            The feature table at the cutoff, with the columns on the card.
        as_of_day : int
            The cutoff, in days since 1970 in the business time zone.
        horizon_days : int
            The length of the horizon, at least 1.

        Returns
        -------
        DataFrame, shape (n, 5)
            Indexed like `features`: `expected_purchases` (occasions), `low` and `high` (their 90 % interval),
            `churn_probability` (of no purchase in the horizon) and `expected_spend` (currency in the horizon). NaN for
            customers who have never bought, about whom the model has learnt nothing, and where a forecast of the
            purchase model is not possible.

        Raises
        ------
        InvalidArgumentError
            The cutoff or the horizon is not a whole number of days, or out of range.
        ModelError
            A column is missing, or the purchase model fails.
        """
        as_of_day = require_whole("as_of_day", as_of_day, -DAY_LIMIT, DAY_LIMIT)
        horizon_days = require_whole("horizon_days", horizon_days, 1, DAY_LIMIT)
        bought = self._bought(features)
        forecasts = np.full((len(features), len(OUTPUTS)), np.nan)
        if bought.any():
            buyers = features if bought.all() else features[bought]
            intervals = self.intervals or getattr(self.purchases, "intervals_", None) or CountIntervals()
            table = count_forecast(self.purchases, buyers, as_of_day, horizon_days, intervals)
            table["expected_spend"] = table["expected_purchases"] * self.spend.expected_spend(buyers)
            forecasts[bought] = table[list(OUTPUTS)].to_numpy()
        return pd.DataFrame(forecasts, features.index, list(OUTPUTS))

    def customer_value(
        self,
        features: pd.DataFrame,
        as_of_day: int,
        horizon_days: int = MAX_VALUE_DAYS,
        discount_rate: float = 0.10,
        steps: int | None = None,
    ) -> Floats:
        """Return the discounted currency expected from each customer in the horizon from a cutoff on.

        The horizon is cut into steps of equal length. What a step brings is discounted from its middle.

        Parameters
        ----------
        features : DataFrame, shape (n, columns)
            The feature table at the cutoff.
        as_of_day : int
            The cutoff, in days since 1970 in the business time zone.
        horizon_days : int, default 1095
            The length of the horizon, at least 1.
        discount_rate : float, default 0.10
            The yearly rate, above -1: currency in one year is worth 1 / (1 + rate) today.
        steps : int, optional
            How many steps to discount separately, at most one for each day; None for 6, or fewer in a horizon of fewer
            days.

        Returns
        -------
        ndarray of float64, shape (n,)
            NaN for customers who have never bought.

        Raises
        ------
        InvalidArgumentError
            The cutoff, the horizon or the steps are not whole numbers or out of range, the rate is -1 or less, or a
            value is infinite at this rate.
        ModelError
            A column is missing.
        """
        as_of_day = require_whole("as_of_day", as_of_day, -DAY_LIMIT, DAY_LIMIT)
        bought = self._bought(features)
        buyers = at_cutoff(features[bought], as_of_day)
        value = discounted_value(
            lambda days: self.purchases.expected_purchases(buyers, days),
            lambda: self.spend.expected_spend(buyers),
            horizon_days,
            discount_rate,
            steps,
        )
        values = np.full(len(features), np.nan)
        values[bought] = value
        return values

    def _bought(self, features: pd.DataFrame) -> Flags:
        """Return which customers have bought; raises ModelError when a column of the card is missing."""
        if missing := [name for name in self.card.feature_columns if name not in features.columns]:
            raise ModelError(f"the features lack {', '.join(missing)}: build them with this version's feature_table")
        return np.asarray(features["purchase_days"] > 0)

    def save(self, folder: str | Path) -> str:
        """Write the model and its card to a folder.

        Parameters
        ----------
        folder : str or Path
            An existing folder; files of an earlier model in it are replaced, each whole.

        Returns
        -------
        str
            The model's digest (SHA-256, hex).
        """
        folder = Path(folder)
        with atomic_write(folder / MODEL_FILE) as part:
            joblib.dump(self, part, compress=3)
        self.card.write(folder)
        return model_digest(folder)

    @classmethod
    def load(cls, folder: str | Path, expected_digest: str | None = None) -> Self:
        """Read a model from a folder.

        The digest is checked before anything is unpickled, because a pickle runs the code that it holds.

        Parameters
        ----------
        folder : str or Path
            The bundle.
        expected_digest : str, optional
            The digest that `save` returned.

        Returns
        -------
        CustomerModel

        Raises
        ------
        ModelError
            There is no model, its digest is another one, it needs other feature columns or event words, or it cannot be
            read with the installed libraries.
        """
        folder = Path(folder)
        if not (folder / MODEL_FILE).is_file():
            raise ModelError(f"{folder} holds no model: publish one, or name another folder")
        content = (folder / MODEL_FILE).read_bytes()  # once: what was checked is what is unpickled
        digest = sha256(content).hexdigest()
        if expected_digest is not None and digest != expected_digest:
            raise ModelError(
                f"{folder / MODEL_FILE} has digest {digest[:12]}, expected {expected_digest[:12]}: refused"
            )
        try:
            model: Any = load_pickle(folder / MODEL_FILE, content)
        except (AttributeError, ImportError, LookupError, TypeError, ValueError, UnpicklingError, zlib.error) as error:
            # Other releases of the libraries raise these on a pickle; the card can still be read.
            raise ModelError(f"{folder / MODEL_FILE} cannot be read ({error}): {unreadable_reason(folder)}") from error
        if not isinstance(model, cls):
            raise ModelError(f"{folder / MODEL_FILE} holds a {type(model).__name__}, expected a {cls.__name__}")
        model.card.require_known_words()
        model.card.require_known_columns(FEATURE_NAMES)
        return model

"""What the service needs for one version: counts, churn, spend, formula and columns; no customer's rows."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.atomic_file import atomic_write
from features.definitions import FEATURE_NAMES
from features.errors import ModelError
from features.loyalty.formula import Formula
from training.models.bundle import MODEL_FILE, OUTPUTS, Card, model_digest, other_releases
from training.models.moved_classes import load_pickle
from training.models.purchases.model import PurchaseModel
from training.models.spend.model import SpendModel

LATEST_VALUE_DAYS = 1095


@dataclass(frozen=True)
class CustomerModel:
    """The rule and the models of one version, and their card."""

    card: Card
    formula: Formula
    purchases: PurchaseModel
    spend: SpendModel

    def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
        """Return the forecasts for the `horizon_days` from `as_of_day` on (days since 1970 in the business time zone).

        Takes the feature table at that date; gives the columns of `OUTPUTS`, indexed like it: occasions and their 90 %
        interval, P(no purchase in the horizon), and currency in the horizon. NaN for who has never bought: a stranger's
        purchases are nothing that this model has learnt. Raises ModelError for absent columns.
        """
        if missing := [name for name in self.card.feature_columns if name not in features.columns]:
            raise ModelError(f"the features lack {', '.join(missing)}: build them with this version's feature_table")
        bought = (features["purchase_days"] > 0).to_numpy()
        out = np.full((len(features), len(OUTPUTS)), np.nan)
        if bought.any():
            buyers = features if bought.all() else features[bought]
            counts = self.purchases.predict(buyers, as_of_day, horizon_days)
            counts["expected_spend"] = counts["expected_purchases"] * self.spend.expected_spend(buyers)
            out[bought] = counts[list(OUTPUTS)].to_numpy()
        return pd.DataFrame(out, features.index, list(OUTPUTS))

    def customer_value(
        self,
        features: pd.DataFrame,
        as_of_day: int,
        days: int = LATEST_VALUE_DAYS,
        discount_rate: float = 0.10,
        steps: int = 6,
    ) -> NDArray[np.float64]:
        """Return the currency expected in `days` days, each step's discounted to today at a yearly rate, shape (n,)."""
        edges = np.linspace(0, days, steps + 1).astype(int)[1:]
        bought = (features["purchase_days"] > 0).to_numpy()
        buyers = features[bought]
        value, before = np.zeros(len(buyers)), np.zeros(len(buyers))
        each = self.spend.expected_spend(buyers)
        for first, last in zip([0, *edges[:-1]], edges, strict=True):
            until = self.purchases.expected_purchases(buyers, as_of_day, int(last))
            value += (until - before) * each / (1 + discount_rate) ** ((first + last) / 2 / 365)
            before = until
        out = np.full(len(features), np.nan)
        out[bought] = value
        return out

    def save(self, folder: str | Path) -> str:
        """Write the model and its card to the folder, and return the model's digest."""
        folder = Path(folder)
        with atomic_write(folder / MODEL_FILE) as part:
            joblib.dump(self, part, compress=3)
        self.card.write(folder)
        return model_digest(folder)

    @classmethod
    def load(cls, folder: str | Path, expected_digest: str | None = None) -> Self:
        """Read a model; its digest is checked before anything is unpickled, for a pickle runs what it holds.

        Raises ModelError when there is no model, its digest is another, it was made for other feature columns, or it
        cannot be read with the libraries that are installed.
        """
        folder = Path(folder)
        if not (folder / MODEL_FILE).is_file():
            raise ModelError(f"{folder} holds no model: publish one, or name another folder")
        digest = model_digest(folder)
        if expected_digest is not None and digest != expected_digest:
            raise ModelError(
                f"{folder / MODEL_FILE} has digest {digest[:12]}, expected {expected_digest[:12]}: refused"
            )
        try:
            model: Any = load_pickle(folder / MODEL_FILE)
        except (AttributeError, ImportError, LookupError, TypeError, ValueError, UnpicklingError, zlib.error) as error:
            # What other versions of the libraries make of a pickle; the card can still be read.
            raise ModelError(f"{folder / MODEL_FILE} cannot be read ({error}): {_remedy(folder)}") from error
        if not isinstance(model, cls):
            raise ModelError(f"{folder / MODEL_FILE} holds a {type(model).__name__}, expected a {cls.__name__}")
        if unknown := [name for name in model.card.feature_columns if name not in FEATURE_NAMES]:
            raise ModelError(
                f"the model needs {', '.join(unknown)}, which this version has not: install the version of its card"
            )
        return model


def _remedy(folder: Path) -> str:
    """Return what to do about a model that cannot be read, from the libraries on its card."""
    differences = other_releases(Card.read(folder).libraries)
    if not differences:
        return "fit it anew"
    made_with = ", ".join(
        f"{library} {fitted_with} (here {installed or 'none'})" for library, fitted_with, installed in differences
    )
    return f"it was made with {made_with}: install those releases, or fit it anew"

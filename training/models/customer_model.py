"""What the service needs for one version: counts, churn, spend, formula and columns; no customer's rows."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.atomic_file import file_digest, whole_file
from features.definitions import COLUMN_NAMES
from features.errors import ModelError
from features.loyalty.formula import Formula
from training.models.moved_classes import load_pickle
from training.models.purchases.model import CountModel
from training.models.spend.model import SpendModel

MODEL_FILE = "model.joblib"
CARD_FILE = "card.json"
OUTPUTS = ("expected_purchases", "low", "high", "churn_probability", "expected_spend")
LATEST_VALUE_DAYS = 1095


@dataclass(frozen=True)
class Card:
    """The plain facts of a version: what it learnt from, and with what."""

    as_of: str
    timezone: str
    horizons: tuple[int, ...]
    data_digest: str
    customers: int
    feature_columns: tuple[str, ...]
    formula_version: str
    code_version: str
    libraries: Mapping[str, str]


@dataclass(frozen=True)
class CustomerModel:
    """The rule and the models of one version, and their card."""

    card: Card
    formula: Formula
    count: CountModel
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
            counts = self.count.predict(buyers, as_of_day, horizon_days)
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
            until = self.count.expected_purchases(buyers, as_of_day, int(last))
            value += (until - before) * each / (1 + discount_rate) ** ((first + last) / 2 / 365)
            before = until
        out = np.full(len(features), np.nan)
        out[bought] = value
        return out

    def save(self, folder: str | Path) -> str:
        """Write the model and its card to the folder, and return the model's digest."""
        folder = Path(folder)
        with whole_file(folder / MODEL_FILE) as part:
            joblib.dump(self, part, compress=3)
        with whole_file(folder / CARD_FILE) as part:
            part.write_text(json.dumps(asdict(self.card), indent=2, ensure_ascii=False))
        return digest(folder)

    @classmethod
    def load(cls, folder: str | Path, expected_digest: str | None = None) -> Self:
        """Read a model; its digest is checked before anything is unpickled, for a pickle runs what it holds.

        Raises ModelError when there is no model, its digest is another, it was made for other feature columns, or it
        cannot be read with the libraries that are installed.
        """
        folder = Path(folder)
        if not (folder / MODEL_FILE).is_file():
            raise ModelError(f"{folder} holds no model: publish one, or name another folder")
        found = digest(folder)
        if expected_digest is not None and found != expected_digest:
            raise ModelError(f"{folder / MODEL_FILE} has digest {found[:12]}, expected {expected_digest[:12]}: refused")
        try:
            model: Any = load_pickle(folder / MODEL_FILE)
        except (AttributeError, ImportError, LookupError, TypeError, ValueError, UnpicklingError, zlib.error) as error:
            # What other versions of the libraries make of a pickle; the card can still be read.
            told = other_libraries(json.loads((folder / CARD_FILE).read_text())["libraries"]) or "fit it anew"
            raise ModelError(f"{folder / MODEL_FILE} cannot be read ({error}): {told}") from error
        if not isinstance(model, cls):
            raise ModelError(f"{folder / MODEL_FILE} holds a {type(model).__name__}, expected a {cls.__name__}")
        if unknown := [name for name in model.card.feature_columns if name not in COLUMN_NAMES]:
            raise ModelError(
                f"the model needs {', '.join(unknown)}, which this version has not: install the version of its card"
            )
        return model


def digest(folder: str | Path) -> str:
    """Return the SHA-256 of the folder's model file, in hex."""
    return file_digest(Path(folder) / MODEL_FILE)


def other_libraries(libraries: Mapping[str, str]) -> str | None:
    """Return in one line which of a card's libraries are another release here; None when all are the same.

    A release is major.minor: a pickle of scikit-learn is good for one alone, and patches do not change its form.
    """
    differ = []
    for name, made_with in libraries.items():
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "none"
        release = made_with.split(".")[:2]
        if here.split(".")[: len(release)] != release:
            differ.append((name, made_with, here))
    if not differ:
        return None
    found = ", ".join(f"{name} {made_with} (here {here})" for name, made_with, here in differ)
    return f"it was made with {found}: install those releases, or fit it anew"

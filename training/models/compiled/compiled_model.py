"""The customer model as plain numbers, for one customer or many: no pickle, scikit-learn, SciPy or pandas.

`CustomerModel` is the reference; the compiled model gives the same forecasts in a fraction of a millisecond. It is one
JSON object, which keeps every number to the last bit.
"""

import json
import math
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from features.atomic_file import atomic_write, file_digest
from features.definitions import FEATURE_NAMES
from features.errors import FormulaError, ModelError
from features.loyalty.formula_numbers import formula_numbers, formula_of_numbers
from training.models.arrays import Floats, Index
from training.models.compiled.purchases import CompiledPurchases, purchase_columns, purchase_numbers
from training.models.compiled.purchases_table import PurchasesTable
from training.models.compiled.spend import compiled_spend, spend_numbers, spend_table
from training.models.customer_value import MAX_VALUE_DAYS, discounted_value
from training.models.spend.constants import COLUMNS as SPEND_COLUMNS

if TYPE_CHECKING:
    from training.models.customer_model import CustomerModel

FORM, FORM_WITH_DECLARED = 1, 2
"""The layouts of the JSON object: the second has declared covariates, which releases before them would not see."""


class Forecast(NamedTuple):
    """One customer's row of `CustomerModel.predict`; all NaN for a customer who has never bought."""

    expected_purchases: float
    low: float
    high: float
    churn_probability: float
    expected_spend: float


NO_FORECAST = Forecast(*[math.nan] * 5)


class CompiledModel:
    """The forecasts of `CustomerModel.predict`, one customer at a time or as a table.

    Parameters
    ----------
    numbers : dict
        The JSON object that `of` makes.

    Attributes
    ----------
    numbers : dict
        The same object.
    formula : Formula or None
        The loyalty formula; None in forms that earlier releases made.

    Raises
    ------
    ModelError
        The object has another layout, or needs columns that the feature table does not have.
    """

    def __init__(self, numbers: dict[str, Any]) -> None:
        if not isinstance(numbers, dict) or numbers.get("form") not in (FORM, FORM_WITH_DECLARED):
            raise ModelError(f"the compiled model is not of form {FORM} or {FORM_WITH_DECLARED}: publish it again")
        if unknown := [name for name in numbers["columns"] if name not in FEATURE_NAMES]:
            raise ModelError(
                f"the compiled model needs {', '.join(unknown)}, which this version has not: "
                "install the plugin that defines them, or publish anew"
            )
        self.numbers = numbers
        self.formula = formula_of_numbers(numbers["formula"]) if "formula" in numbers else None
        self._purchase_days = FEATURE_NAMES.index("purchase_days")
        self._purchase_places = [FEATURE_NAMES.index(name) for name in purchase_columns(numbers["count"])]
        self._spend_places = [FEATURE_NAMES.index(name) for name in SPEND_COLUMNS]
        self._purchase_values, self._spend_values = itemgetter(*self._purchase_places), itemgetter(*self._spend_places)
        self._purchases = CompiledPurchases(numbers["count"])
        self._spend = compiled_spend(numbers["spend"])

    @cached_property
    def _tables(self) -> tuple[PurchasesTable, Callable[[Floats], Floats]]:
        """The models of purchases and spend for many customers, built with the first table."""
        return PurchasesTable(self._purchases), spend_table(self.numbers["spend"])

    @classmethod
    def of(cls, model: "CustomerModel") -> Self:
        """Compile a fitted model; raises ModelError for a model of another kind."""
        purchases, spend = purchase_numbers(model.purchases), spend_numbers(model.spend)
        form = FORM_WITH_DECLARED if "declared" in purchases else FORM
        columns = [*purchase_columns(purchases), *SPEND_COLUMNS]
        formula = formula_numbers(model.formula)
        return cls({"form": form, "columns": columns, "count": purchases, "spend": spend, "formula": formula})

    @staticmethod
    def is_possible(model: "CustomerModel") -> bool:
        """Return whether the model of purchases has a compiled form: that of Regulars has one, others have none."""
        from training.models.purchases.model import PurchaseModel

        return type(model.purchases) is PurchaseModel

    def predict(self, features: Sequence[float], as_of_day: int, horizon_days: int) -> Forecast:
        """Forecast one customer.

        Parameters
        ----------
        features : sequence of float, length len(FEATURE_NAMES)
            The customer's row of the feature table, in the order of `FEATURE_NAMES`, NaN for null.
        as_of_day : int
            The cutoff, in days since 1970 in the business time zone.
        horizon_days : int
            The length of the horizon from the cutoff on.

        Returns
        -------
        Forecast
            All NaN for a customer who has never bought.

        Raises
        ------
        ModelError
            A count or time that every buyer has is null, infinite or negative.
        """
        if not features[self._purchase_days] > 0:
            return NO_FORECAST
        forecast = self._purchases.forecast(self._purchase_values(features), as_of_day, horizon_days)
        return Forecast(*forecast, forecast[0] * self._spend(self._spend_values(features)))

    def predict_table(self, features: Floats, as_of_day: int, horizon_days: int) -> Floats:
        """Forecast many customers.

        Parameters
        ----------
        features : ndarray of float64, shape (n, len(FEATURE_NAMES))
            Rows of the feature table, in the order of `FEATURE_NAMES`, NaN for null.
        as_of_day, horizon_days : int
            As for `predict`.

        Returns
        -------
        ndarray of float64, shape (n, len(OUTPUTS))
            A `Forecast` in each row, to 1e-9 that of `predict`; all NaN for a customer who has never bought.

        Raises
        ------
        ModelError
            A count or time that every buyer has is null, infinite or negative.
        """
        purchases, spend = self._tables
        forecasts = np.full((len(features), len(Forecast._fields)), np.nan)
        bought = np.flatnonzero(features[:, self._purchase_days] > 0)
        # extreme values may overflow a step, as they do in the estimators; the caller looks for finite forecasts
        with np.errstate(all="ignore"):
            counts = purchases.forecast(_columns(features, bought, self._purchase_places), as_of_day, horizon_days)
            currency = counts[0] * spend(_columns(features, bought, self._spend_places))
        forecasts[bought] = np.vstack([counts, currency]).T
        return forecasts

    def customer_value(
        self,
        features: Floats,
        as_of_day: int,
        horizon_days: int = MAX_VALUE_DAYS,
        discount_rate: float = 0.10,
        steps: int | None = None,
    ) -> Floats:
        """Return `CustomerModel.customer_value` of many customers.

        Parameters
        ----------
        features : ndarray of float64, shape (n, len(FEATURE_NAMES))
            As for `predict_table`.
        as_of_day, horizon_days, discount_rate, steps
            As of `CustomerModel.customer_value`.

        Returns
        -------
        ndarray of float64, shape (n,)
            To 1e-9 that of the estimators; NaN for customers who have never bought.

        Raises
        ------
        InvalidArgumentError
            As of `CustomerModel.customer_value`.
        ModelError
            A count or time that every buyer has is null, infinite or negative.
        """
        purchases, spend = self._tables
        bought = np.flatnonzero(features[:, self._purchase_days] > 0)
        buyers = _columns(features, bought, self._purchase_places)
        values = np.full(len(features), np.nan)
        with np.errstate(all="ignore"):
            values[bought] = discounted_value(
                lambda days: purchases.expected(buyers, as_of_day, days),
                lambda: spend(_columns(features, bought, self._spend_places)),
                horizon_days,
                discount_rate,
                steps,
            )
        return values

    def save(self, path: str | Path) -> str:
        """Write the numbers to a JSON file, whole or not at all, and return its digest (SHA-256, hex)."""
        with atomic_write(path) as part:
            part.write_text(json.dumps(self.numbers, allow_nan=False, separators=(",", ":")))
        return file_digest(path)

    @classmethod
    def load(cls, path: str | Path, expected_digest: str | None = None) -> Self:
        """Read a compiled model; raises ModelError for a missing file, another digest or another content."""
        path = Path(path)
        if not path.is_file():
            raise ModelError(f"{path} is not there: publish the version again")
        content = path.read_bytes()
        digest = sha256(content).hexdigest()
        if expected_digest is not None and digest != expected_digest:
            raise ModelError(f"{path} has digest {digest[:12]}, expected {expected_digest[:12]}: refused")
        try:
            return cls(json.loads(content))
        except ModelError:
            raise
        except (ValueError, LookupError, TypeError, FormulaError) as error:
            raise ModelError(f"{path} holds no compiled model ({error}): publish the version again") from None


def _columns(features: Floats, rows: Index, places: Sequence[int]) -> Floats:
    """Return columns of some rows, each contiguous, shape (columns, rows)."""
    return np.array([features[rows, place] for place in places])

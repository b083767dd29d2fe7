"""The served model as plain numbers, for one customer at a time: no pickle, scikit-learn, SciPy or pandas.

`CustomerModel` stays the truth; this says the same in a fraction of a millisecond. What is made from a fitted model is
one JSON object, so every number is there to the last bit.
"""

import json
import math
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from features.atomic_file import atomic_write, file_digest
from features.definitions import FEATURE_NAMES
from features.errors import ModelError
from training.models.compiled.purchases import COLUMNS as PURCHASE_COLUMNS
from training.models.compiled.purchases import CompiledPurchases, purchase_numbers
from training.models.compiled.spend import COLUMNS as SPEND_COLUMNS
from training.models.compiled.spend import compiled_spend, spend_numbers

if TYPE_CHECKING:
    from training.models.customer_model import CustomerModel

FORM = 1
"""Goes up when the numbers change their places."""


class Forecast(NamedTuple):
    """One customer's row of `CustomerModel.predict`; all NaN for who has never bought."""

    expected_purchases: float
    low: float
    high: float
    churn_probability: float
    expected_spend: float


STRANGER = Forecast(*[math.nan] * 5)


class CompiledModel:
    """The forecasts of `CustomerModel.predict`, a customer at a time."""

    def __init__(self, numbers: dict[str, Any]) -> None:
        """Take the JSON object of `of`; raises ModelError when it is of another form or for other columns."""
        if not isinstance(numbers, dict) or numbers.get("form") != FORM:
            raise ModelError(f"the compiled model is not of form {FORM}: publish the version again")
        if unknown := [name for name in numbers["columns"] if name not in FEATURE_NAMES]:
            raise ModelError(f"the compiled model needs {', '.join(unknown)}, which this version has not: publish anew")
        self.numbers = numbers
        self._bought = FEATURE_NAMES.index("purchase_days")
        self._of_count = itemgetter(*(FEATURE_NAMES.index(name) for name in PURCHASE_COLUMNS))
        self._of_spend = itemgetter(*(FEATURE_NAMES.index(name) for name in SPEND_COLUMNS))
        self._count = CompiledPurchases(numbers["count"])
        self._spend = compiled_spend(numbers["spend"])

    @classmethod
    def of(cls, model: "CustomerModel") -> Self:
        """Compile a fitted model. Raises ModelError for one that is of another make."""
        count, spend = purchase_numbers(model.purchases), spend_numbers(model.spend)
        return cls({"form": FORM, "columns": [*PURCHASE_COLUMNS, *SPEND_COLUMNS], "count": count, "spend": spend})

    def predict(self, features: Sequence[float], as_of_day: int, horizon_days: int) -> Forecast:
        """Return the forecast for the `horizon_days` from `as_of_day` on (days since 1970, business time zone).

        `features`: the customer's row of the feature table at that date in the order of `FEATURE_NAMES`, NaN for null.
        Raises ModelError when a count or a time that every buyer has is null, infinite or negative.
        """
        if not features[self._bought] > 0:
            return STRANGER
        forecast = self._count.forecast(self._of_count(features), as_of_day, horizon_days)
        return Forecast(*forecast, forecast[0] * self._spend(self._of_spend(features)))

    def save(self, path: str | Path) -> str:
        """Write the numbers to a JSON file, whole or not at all, and return its digest (SHA-256, hex)."""
        with atomic_write(path) as part:
            part.write_text(json.dumps(self.numbers, allow_nan=False, separators=(",", ":")))
        return file_digest(path)

    @classmethod
    def load(cls, path: str | Path, expected_digest: str | None = None) -> Self:
        """Read a compiled model; raises ModelError when it is absent, has another digest or is no such file."""
        path = Path(path)
        if not path.is_file():
            raise ModelError(f"{path} is not there: publish the version again")
        found = file_digest(path)
        if expected_digest is not None and found != expected_digest:
            raise ModelError(f"{path} has digest {found[:12]}, expected {expected_digest[:12]}: refused")
        try:
            return cls(json.loads(path.read_bytes()))
        except ModelError:
            raise
        except (ValueError, LookupError, TypeError) as error:
            raise ModelError(f"{path} holds no compiled model ({error}): publish the version again") from None

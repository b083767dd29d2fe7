"""Reads models pickled by earlier versions, whose classes have since moved or been renamed.

A pickle names each class by its module and keeps its attributes by name. When a class or an attribute moves or is
renamed, add the old name here, so that published and registered versions stay readable. Remove an entry only together
with support for the versions that wrote it.
"""

import zlib
from io import BytesIO
from pathlib import Path
from pickle import BUILD
from typing import Any

from joblib.numpy_pickle import NumpyUnpickler

MOVED_MODULES = {
    "features.rule": "features.loyalty.formula",
    "training.models.bg_nbd": "training.models.btyd.bg_nbd",
    "training.models.mbg_nbd": "training.models.btyd.mbg_nbd",
    "training.models.pareto_nbd": "training.models.btyd.pareto_nbd",
    "training.models.gamma_gamma": "training.models.btyd.gamma_gamma",
    "training.models.count_model": "training.models.purchases.model",
    "training.models.seasonal_clock": "training.models.purchases.seasonality",
    "training.models.signals": "training.models.purchases.covariates",
    "training.models.customer_corrections": "training.models.purchases.adjustments",
    "training.models.corrections": "training.models.purchases.ridge_regression",
    "training.models.level": "training.models.purchases.level_calibration",
    "training.models.count_distribution": "training.models.purchases.hurdle_distribution",
    "training.models.standpoint": "training.models.purchases.cutoff_fit",
    "training.models.spend": "training.models.spend.model",
    "training.models.tree_table": "training.models.spend.tree_lookup",
}
ZLIB_HEADER = b"\x78"
RENAMED_CLASSES = {
    "training.models.customer_model.Card": "training.models.bundle.Card",
    "training.models.purchases.model.CountModel": "training.models.purchases.model.PurchaseModel",
    "training.models.purchases.seasonality.SeasonalClock": "training.models.purchases.seasonality.Seasonality",
    "training.models.purchases.covariates.Base": "training.models.purchases.covariates.BaseStatistics",
    "training.models.purchases.adjustments.Corrections": "training.models.purchases.adjustments.Adjustments",
    "training.models.purchases.level_calibration.Stretch": (
        "training.models.purchases.level_calibration.LevelCalibration"
    ),
}
"""By old name, its module as `MOVED_MODULES` gives it."""
RENAMED_ATTRIBUTES = {
    "CustomerModel": {"count": "purchases"},
    "PurchaseModel": {
        "clock_": "seasonality_",
        "model_": "bg_nbd_",
        "base_": "base_statistics_",
        "corrections_": "adjustments_",
        "stretch_": "level_calibration_",
        "contents_": "interval_contents_",
    },
    "Seasonality": {"_ticks": "_cumulative"},
    "LevelCalibration": {"asked": "horizons", "taken": "calibrated"},
    "Adjustments": {"none_slopes": "no_purchase_slopes", "none_gap": "no_purchase_offset"},
}
"""By name of the class, old and new names of its attributes."""


class _Unpickler(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
    dispatch = NumpyUnpickler.dispatch.copy()

    def find_class(self, module: str, name: str) -> Any:
        place = f"{MOVED_MODULES.get(module, module)}.{name}"
        module, _, name = RENAMED_CLASSES.get(place, place).rpartition(".")
        return super().find_class(module, name)

    def load_build(self) -> None:
        """Rename the attributes of the object that is about to get its state, the last item of the stack."""
        instance, state = self.stack[-2:]
        renamed = RENAMED_ATTRIBUTES.get(type(instance).__name__, {})
        if renamed and isinstance(state, dict):
            self.stack[-1] = {renamed.get(name, name): value for name, value in state.items()}
        super().load_build()

    dispatch[BUILD[0]] = load_build


def load_pickle(path: Path, data: bytes) -> Any:
    """Unpickle what `joblib.dump` wrote to a file, compressed by zlib or not; runs whatever code the pickle holds."""
    if data.startswith(ZLIB_HEADER):
        data = zlib.decompress(data)
    return _Unpickler(str(path), BytesIO(data), ensure_native_byte_order=False).load()

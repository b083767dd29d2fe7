"""Reads models pickled by earlier versions, whose classes have since moved to other modules.

A pickle names each class by its module. When a class moves or is renamed, add its old place here, so that published
versions and registered models stay readable. Remove an entry only together with support for the versions that wrote it.
"""

import zlib
from io import BytesIO
from pathlib import Path
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
    ("training.models.customer_model", "Card"): ("training.models.bundle", "Card"),
}
"""By module (as `MOVED_MODULES` gives it) and old name: the new module and name."""


class _Unpickler(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
    def find_class(self, module: str, name: str) -> Any:
        module = MOVED_MODULES.get(module, module)
        return super().find_class(*RENAMED_CLASSES.get((module, name), (module, name)))


def load_pickle(path: Path) -> Any:
    """Unpickle a file written by `joblib.dump`, compressed by zlib or not; runs whatever code the pickle holds."""
    data = path.read_bytes()
    if data.startswith(ZLIB_HEADER):
        data = zlib.decompress(data)
    return _Unpickler(str(path), BytesIO(data), ensure_native_byte_order=False).load()

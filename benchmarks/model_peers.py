"""One BG/NBD fit, ours or a peer's, alone in its process: `python -m benchmarks.model_peers NAME HISTORIES`.

HISTORIES is a Parquet file with `frequency`, `recency` and `T` in days. Prints the seconds and the parameters.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.stopwatch import tell


def fitted(name: str, histories: pd.DataFrame) -> dict[str, Any]:
    """Return the maximum likelihood (pymc-marketing: MAP) parameters of BG/NBD: r, alpha (days), a, b."""
    if name == "ours":
        from training.models.btyd.bg_nbd import BGNBD

        return {"parameters": BGNBD().fit(histories).params_}
    if name == "lifetimes":
        from lifetimes import BetaGeoFitter

        model = BetaGeoFitter().fit(histories["frequency"], histories["recency"], histories["T"])
        return {"parameters": {key: float(value) for key, value in model.params_.items()}}
    from pymc_marketing.clv import BetaGeoModel

    model = BetaGeoModel()
    model.fit(histories.reset_index(drop=True).rename_axis("customer_id").reset_index(), method="map")
    posterior = model.fit_result if hasattr(model, "fit_result") else model.idata.posterior
    return {"parameters": {key: float(posterior[key].mean()) for key in ("r", "alpha", "a", "b")}}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, path = sys.argv[1:]
    histories = pd.read_parquet(Path(path))[["frequency", "recency", "T"]]
    tell(lambda: fitted(name, histories), lambda: fitted(name, histories.head(500)))

"""The public API of Regulars: customer scores from event logs.

Each name is imported from its module when it is first used, so `import regulars` costs nothing, and a name needs the
libraries of its own extra only.

Examples
--------
>>> import regulars
>>> regulars.load_formula().version
'2'
"""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = [
    "BGNBD",
    "MBGNBD",
    "AsOf",
    "AsyncClient",
    "Client",
    "CustomerModel",
    "EventStore",
    "Formula",
    "GammaGamma",
    "ParetoNBD",
    "RegularsError",
    "Truth",
    "append",
    "backtest",
    "base_index",
    "base_indices",
    "customer_features",
    "feature_table",
    "fit_challenger",
    "fit_customer_model",
    "gate",
    "ingest",
    "load_formula",
    "make_report",
    "measures",
    "open_store",
    "open_tracking",
    "promote",
    "publish",
    "roll_back",
    "score",
    "score_one",
    "sensitivity",
    "simulate",
    "targets",
    "write_log",
]

_MODULES = {
    "AsOf": "features.as_of",
    "AsyncClient": "regulars.async_client",
    "BGNBD": "training.models.btyd.bg_nbd",
    "Client": "regulars.client",
    "CustomerModel": "training.models.customer_model",
    "EventStore": "features.store.event_store",
    "Formula": "features.loyalty.formula",
    "GammaGamma": "training.models.btyd.gamma_gamma",
    "MBGNBD": "training.models.btyd.mbg_nbd",
    "ParetoNBD": "training.models.btyd.pareto_nbd",
    "RegularsError": "features.errors",
    "Truth": "features.simulate.truth",
    "append": "features.ingestion.ingest",
    "backtest": "training.backtest",
    "base_index": "features.loyalty.base_indices",
    "base_indices": "features.loyalty.base_indices",
    "customer_features": "features.engines.python_engine",
    "feature_table": "features.engines.feature_table",
    "fit_challenger": "training.fit_challenger",
    "fit_customer_model": "training.fit",
    "gate": "training.gate",
    "ingest": "features.ingestion.ingest",
    "load_formula": "features.loyalty.formula",
    "make_report": "reporting.build",
    "measures": "training.evaluation.evaluation",
    "open_store": "features.store.event_store",
    "open_tracking": "training.registry.mlflow_client",
    "promote": "training.promote",
    "publish": "training.publish",
    "roll_back": "training.promote",
    "score": "features.loyalty.scoring",
    "score_one": "features.loyalty.scoring_one",
    "sensitivity": "features.loyalty.sensitivity",
    "simulate": "features.simulate.event_log",
    "targets": "training.targets",
    "write_log": "features.simulate.event_log",
}

if TYPE_CHECKING:
    from features.as_of import AsOf
    from features.engines.feature_table import feature_table
    from features.engines.python_engine import customer_features
    from features.errors import RegularsError
    from features.ingestion.ingest import append, ingest
    from features.loyalty.base_indices import base_index, base_indices
    from features.loyalty.formula import Formula, load_formula
    from features.loyalty.scoring import score
    from features.loyalty.scoring_one import score_one
    from features.loyalty.sensitivity import sensitivity
    from features.simulate.event_log import simulate, write_log
    from features.simulate.truth import Truth
    from features.store.event_store import EventStore, open_store
    from regulars.async_client import AsyncClient
    from regulars.client import Client
    from reporting.build import make_report
    from training.backtest import backtest
    from training.evaluation.evaluation import measures
    from training.fit import fit_customer_model
    from training.fit_challenger import fit_challenger
    from training.gate import gate
    from training.models.btyd.bg_nbd import BGNBD
    from training.models.btyd.gamma_gamma import GammaGamma
    from training.models.btyd.mbg_nbd import MBGNBD
    from training.models.btyd.pareto_nbd import ParetoNBD
    from training.models.customer_model import CustomerModel
    from training.promote import promote, roll_back
    from training.publish import publish
    from training.registry.mlflow_client import open_tracking
    from training.targets import targets
else:  # hidden from type checkers, which would take any name for one of these

    def __getattr__(name: str) -> object:
        """Import a public name when it is first used.

        Raises MissingExtraError, which says what to install, without a library that the name needs.
        """
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            module = import_module(_MODULES[name])
        except ModuleNotFoundError as error:
            from cli.extras import missing_extra

            raise missing_extra(error) or error from None
        globals()[name] = getattr(module, name)
        return globals()[name]


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)

"""The models by name, those of Regulars and those of installed packages, and what to install for one."""

import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points, packages_distributions, version
from io import BytesIO
from typing import Any

from features.errors import InvalidArgumentError, ModelError, PluginError
from features.known_names import check_name
from features.loyalty.formula import Formula
from features.plugins import load_plugins
from training.models.baselines import BaseRate, OneColumn, OwnRate, RuleScore, Zero
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.mbg_nbd import MBGNBD
from training.models.btyd.pareto_nbd import ParetoNBD
from training.models.btyd.pausing_bg_nbd import PausingBGNBD
from training.models.forecaster import Forecaster
from training.models.purchases.model import PurchaseModel

Factory = Callable[[], Forecaster]
BUILT_IN: dict[str, Factory] = {
    "zero": Zero,
    "base_rate": BaseRate,
    "own_rate": OwnRate,
    "days_since_last_purchase": OneColumn,
    "rule": RuleScore,
    "bg_nbd": BGNBD,
    "mbg_nbd": MBGNBD,
    "pareto_nbd": ParetoNBD,
    "pausing_bg_nbd": PausingBGNBD,
    "standard": PurchaseModel,
    "bold": lambda: PurchaseModel(ridge=300.0),
    "cautious": lambda: PurchaseModel(ridge=15_000.0),
}
GROUP = "regulars.models"
"""The group of entry points of other packages' models."""
KNOWN_MODULES = {"features", "training", "numpy", "pandas", "sklearn", "scipy", "joblib"}
"""Those of Regulars and of the libraries whose releases are on every card."""


class Models(Mapping[str, Factory]):
    """Factories of unfitted models by name; those of installed packages are found when first needed."""

    def __getitem__(self, name: str) -> Factory:
        return _factories()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_factories())

    def __len__(self) -> int:
        return len(_factories())


MODELS = Models()


def new_model(name: str, formula: Formula) -> Forecaster:
    """Return an unfitted model.

    Parameters
    ----------
    name : str
        One of `MODELS`.
    formula : Formula
        The loyalty formula, for models with a parameter of this name.

    Raises
    ------
    InvalidArgumentError
        There is no such model.
    ModelError
        What a package offers under the name is no `Forecaster`.
    """
    check_name("unknown model", name, MODELS, InvalidArgumentError)
    try:
        model = MODELS[name]()
        parameters = model.get_params(deep=False) if isinstance(model, Forecaster) else {}
    except Exception as error:  # whatever the code of the package raises
        raise ModelError(f"the model {name} cannot be made: {type(error).__name__}: {error}") from error
    if not isinstance(model, Forecaster):
        wanted = "get_params, set_params, fit, expected_purchases and no_purchase_probability"
        raise ModelError(f"the model {name} is a {type(model).__name__}, expected a Forecaster with {wanted}")
    return model.set_params(formula=formula) if "formula" in parameters else model


def required_packages(model: object) -> dict[str, str]:
    """Return the distributions, with versions, whose code the pickle of a model needs besides Regulars' own.

    Parameters
    ----------
    model : object
        Fitted; its classes and those of all its parts count.

    Raises
    ------
    ModelError
        The model cannot be pickled.
    """
    try:
        reader = _ModuleReader(BytesIO(pickle.dumps(model)))
        reader.load()
    except Exception as error:  # a class may refuse in any way
        raise ModelError(
            f"the model {type(model).__name__} cannot be saved: {type(error).__name__}: {error}; "
            "keep its attributes picklable"
        ) from error
    foreign = reader.modules - KNOWN_MODULES - sys.stdlib_module_names
    if not foreign:
        return {}
    providers = dict(packages_distributions())
    for entry_point in entry_points(group=GROUP):  # an editable installation does not list its modules
        if entry_point.dist is not None:
            providers.setdefault(_top_level(entry_point.module), [entry_point.dist.name])
    return {name: version(name) for name in sorted({name for module in foreign for name in providers.get(module, ())})}


class _ModuleReader(pickle.Unpickler):
    """Collects the top-level modules of the classes in a pickle."""

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(_top_level(module))
        return super().find_class(module, name)


def _top_level(module: str) -> str:
    return module.partition(".")[0]


@cache
def _factories() -> dict[str, Factory]:
    plugins: dict[str, Factory] = load_plugins(GROUP, Callable)
    if taken := [name for name in plugins if name in BUILT_IN]:
        raise PluginError(
            f"plugin {taken[0]!r} ({GROUP}): Regulars has a model of this name; have the entry point renamed, "
            f"or set [plugins] disabled = [{taken[0]!r}]"
        )
    return BUILT_IN | plugins

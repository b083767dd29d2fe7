"""The catalogue of models: names, packages, and one line for whatever is wrong with one."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from features.errors import InvalidArgumentError, ModelError, PluginError
from features.loyalty.formula import load_formula
from training.models import catalog
from training.models.baselines import OwnRate, RuleScore
from training.models.catalog import BUILT_IN, MODELS, new_model, required_packages
from training.models.purchases.model import PurchaseModel

MODULE = "from training.models.baselines import OwnRate\n\nclass {name}(OwnRate):\n    pass\n"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    """What is found is kept for the process."""
    catalog._factories.cache_clear()
    yield
    catalog._factories.cache_clear()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Install a package `acme_models` that offers a class of this name as a model of that name."""

    def install(model: str, target: str) -> None:
        (tmp_path / "acme_models.py").write_text(MODULE.format(name="AcmeRate"))
        info = tmp_path / "acme_models-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-models\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[regulars.models]\n{model} = {target}\n")
        (info / "RECORD").write_text("acme_models.py,,\nacme_models-1.2.dist-info/METADATA,,\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "acme_models", raising=False)

    return install


def test_an_installed_package_adds_its_model(package) -> None:
    """After those of Regulars; its distribution and version are what its pickle needs."""
    package("acme_rate", "acme_models:AcmeRate")
    assert list(MODELS) == [*BUILT_IN, "acme_rate"]
    assert len(MODELS) == len(BUILT_IN) + 1
    model = new_model("acme_rate", load_formula())
    assert isinstance(model, OwnRate)
    assert required_packages(model) == {"acme-models": "1.2"}
    assert required_packages(new_model("standard", load_formula())) == {}
    assert required_packages(Path()) == {}
    assert required_packages(pytest.raises(ValueError, match="x")) == {"pytest": version("pytest")}


def test_the_settings_leave_a_model_out(package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file, and above it by the environment."""
    package("acme_rate", "acme_models:AcmeRate")
    (tmp_path / "regulars.toml").write_text("[plugins]\ndisabled = ['acme_rate']\n")
    monkeypatch.setenv("REGULARS_CONFIG", str(tmp_path / "regulars.toml"))
    assert list(MODELS) == list(BUILT_IN)
    monkeypatch.setenv("REGULARS_PLUGINS_DISABLED", "another")
    catalog._factories.cache_clear()
    assert list(MODELS) == [*BUILT_IN, "acme_rate"]


@pytest.mark.parametrize(
    ("model", "target", "error", "line"),
    [
        ("standard", "acme_models:AcmeRate", PluginError, "Regulars has a model of this name"),
        ("acme", "acme_models:Missing", PluginError, "cannot be imported"),
        ("acme", "builtins:dict", ModelError, "the model acme is a dict, expected a Forecaster with get_params"),
        ("acme", "builtins:range", ModelError, "the model acme cannot be made: TypeError"),
    ],
)
def test_a_plugin_that_is_no_model_is_one_line(package, model, target, error, line) -> None:
    """A taken name, what cannot be imported, what is no forecaster, what cannot be made."""
    package(model, target)
    with pytest.raises(error, match=line) as caught:
        new_model("acme", load_formula())
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    """And with all that there are."""
    with pytest.raises(InvalidArgumentError, match=r"'standrad': did you mean 'standard'\? There are zero"):
        new_model("standrad", load_formula())


def test_a_model_with_a_formula_gets_the_one_in_use() -> None:
    """The baseline of the rule forecasts from the scores of the firm's own formula."""
    formula = load_formula()
    model = new_model("rule", formula)
    assert isinstance(model, RuleScore)
    assert model.formula is formula


def test_bold_and_cautious_are_the_purchase_model_with_another_ridge() -> None:
    """Each call makes a new model."""
    made = {name: MODELS[name]() for name in ("standard", "bold", "cautious")}
    assert {name: model.get_params()["ridge"] for name, model in made.items()} == {
        **{"standard": None, "bold": 300.0},
        "cautious": 15_000.0,
    }
    assert all(type(model) is PurchaseModel for model in made.values())
    assert MODELS["bold"]() is not made["bold"]


def test_a_model_that_cannot_be_pickled_is_one_line() -> None:
    """It could be neither registered nor served."""
    model = OwnRate()
    model.horizon_days_ = lambda: 30  # type: ignore[assignment]
    with pytest.raises(ModelError, match=r"OwnRate cannot be saved: .*; keep its attributes picklable"):
        required_packages(model)

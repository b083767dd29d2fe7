"""Plugins are found in installed packages by their entry points; one that cannot be loaded is one clear line."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import PluginError
from features.plugins import GROUPS, load_plugins, plugin_packages
from tests.features.installed import install, packages

__all__ = ["packages"]
METRICS = {"metrics": {"mean_error": "acme:mean_error"}}


def refusal(group: str = "regulars.metrics", **options: object) -> str:
    """The one line with which the plugins of a group are refused."""
    with pytest.raises(PluginError) as caught:
        load_plugins(group, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_plugins_come_by_group_in_order_of_name(packages: Path) -> None:
    """Two packages add three metrics and a model; without any package there are none."""
    assert all(load_plugins(group) == {} for group in GROUPS)
    module = "def z(y, forecast): return 1.0\ndef a(y, forecast): return 2.0\ndef model(): return 'model'\n"
    install(packages, "acme", module, metrics={"z": "acme:z", "a": "acme:a"}, models={"m": "acme:model"})
    install(packages, "base_case", "def b(y, forecast): return 3.0\n", metrics={"b": "base_case:b"})
    metrics = load_plugins("regulars.metrics", Callable)
    assert [(name, metric([], [])) for name, metric in metrics.items()] == [("a", 2.0), ("b", 3.0), ("z", 1.0)]
    assert load_plugins("regulars.models", Callable)["m"]() == "model"
    assert load_plugins("regulars.features") == {}


def test_a_disabled_plugin_is_not_imported(packages: Path) -> None:
    """Its module may even be broken; a name that no package has is ignored."""
    install(packages, "acme", "import missing_library", **METRICS)
    assert load_plugins("regulars.metrics", disabled=["mean_error", "of_another_machine"]) == {}


def test_a_module_that_cannot_be_imported_is_one_line(packages: Path) -> None:
    """The line names package, entry point, cause and remedy, whatever the module raises."""
    install(packages, "acme", "import missing_library", **METRICS)
    assert refusal() == (
        "plugin 'mean_error' of acme 1.0 (regulars.metrics): acme:mean_error cannot be imported, "
        "ModuleNotFoundError: No module named 'missing_library'; "
        "mend or uninstall the package, or set [plugins] disabled = ['mean_error']"
    )
    install(packages, "shop", 'raise ValueError("two\\nlines")', events={"words": "shop:WORDS"})
    assert "shop:WORDS cannot be imported, ValueError: two lines;" in refusal("regulars.events")
    install(packages, "crm", "x = 1", models={"m": "crm:model"})
    assert "AttributeError: module 'crm' has no attribute 'model'" in refusal("regulars.models")


def test_the_remedy_is_the_toml_it_says(packages: Path) -> None:
    """What the line says to write into the settings file can be written there, and helps."""
    install(packages, "acme", "import missing_library", **METRICS)
    written = re.search(r"disabled = \[.*\]", refusal())
    assert written
    assert load_plugins("regulars.metrics", disabled=tomllib.loads(written[0])["disabled"]) == {}


def test_a_plugin_of_another_type_is_refused(packages: Path) -> None:
    """A number is no metric, and a text is no dataclass of features."""
    install(packages, "acme", "mean_error = 5", **METRICS)
    assert "acme:mean_error is of type int, expected a callable;" in refusal(expected=Callable)
    assert "acme:mean_error is of type int, expected a pathlib.Path;" in refusal(expected=Path)


def test_two_packages_with_one_name_are_refused(packages: Path) -> None:
    """Neither wins; disabling the name leaves both out."""
    install(packages, "acme", "def mean_error(y, forecast): return 1.0", **METRICS)
    install(packages, "shop", "def error(y, forecast): return 2.0", metrics={"mean_error": "shop:error"})
    assert re.fullmatch(
        r"plugin 'mean_error' of (acme|shop) 1\.0 \(regulars\.metrics\): (shop|acme) 1\.0 has a plugin of this name "
        r"too; expected one, uninstall one of the packages or have it renamed",
        refusal(),
    )
    assert load_plugins("regulars.metrics", disabled=["mean_error"]) == {}


def test_the_settings_disable_plugins(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file, and above it by the environment."""
    install(packages, "acme", "def mean_error(y, forecast): return 1.0", **METRICS)
    assert list(load_plugins("regulars.metrics")) == ["mean_error"]
    (tmp_path / "regulars.toml").write_text("[plugins]\ndisabled = ['mean_error']\n")
    monkeypatch.setenv("REGULARS_CONFIG", str(tmp_path / "regulars.toml"))
    assert load_plugins("regulars.metrics") == {}
    monkeypatch.setenv("REGULARS_PLUGINS_DISABLED", "other, another")
    assert list(load_plugins("regulars.metrics")) == ["mean_error"]


def test_the_packages_of_plugins_in_use(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, with its version, of the groups asked for; a disabled plugin is not in use."""
    install(packages, "shop", "x = y = 1", features={"x": "shop:x"}, events={"y": "shop:y"})
    install(packages, "base_case", "x = 1", metrics={"z": "base_case:x"}, events={"words": "base_case:x"})
    assert plugin_packages("regulars.events", "regulars.features") == ("base-case 1.0", "shop 1.0")
    assert plugin_packages("regulars.models") == ()
    monkeypatch.setenv("REGULARS_PLUGINS_DISABLED", "words")
    assert plugin_packages("regulars.events", "regulars.features") == ("shop 1.0",)

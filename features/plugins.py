"""Plugins: features, event words, models and metrics of other installed packages, found by their entry points.

A package names what it adds in its `pyproject.toml`:

    [project.entry-points."regulars.features"]
    tickets = "acme_tickets:FAMILY"
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

from features.errors import PluginError
from features.settings_file import read_settings

GROUPS = ("regulars.features", "regulars.events", "regulars.models", "regulars.metrics")
"""The groups of entry points that Regulars reads."""

T = TypeVar("T")


@dataclass(frozen=True)
class PluginSettings:
    """What other installed packages add.

    Attributes
    ----------
    disabled : tuple of str
        Names of plugins that are left out.
    """

    disabled: tuple[str, ...] = field(default=(), metadata={"example": ("tickets",)})


def load_plugins(group: str, expected: type[T] | Any = object, disabled: Collection[str] | None = None) -> dict[str, T]:
    """Load what installed packages add to Regulars.

    Parameters
    ----------
    group : str
        One of `GROUPS`.
    expected : type
        What each plugin must be an instance of; `collections.abc.Callable` for a function.
    disabled : collection of str, optional
        Names of entry points to leave out; by default those of `[plugins] disabled` in the settings file. A name that
        no package has is ignored, so that machines with different packages can share one settings file.

    Returns
    -------
    dict of str to object
        The plugins by the names of their entry points, in order of name.

    Raises
    ------
    PluginError
        When two packages use one name, when a plugin cannot be imported, or when it is not an `expected`.
    SettingsFileError
        When the settings file cannot be read.
    """
    if disabled is None:
        disabled = read_settings("plugins", PluginSettings).disabled
    found: dict[str, EntryPoint] = {}
    for entry_point in entry_points(group=group):
        other = found.setdefault(entry_point.name, entry_point)
        if other is not entry_point and entry_point.name not in disabled:
            raise PluginError(
                f"{_described(entry_point)}: {_package(other)} has a plugin of this name too; expected one, "
                "uninstall one of the packages or have it renamed"
            )
    return {name: _load(found[name], expected) for name in sorted(found) if name not in disabled}


def plugin_packages(*groups: str) -> tuple[str, ...]:
    """Return the packages whose plugins of these groups are in use, each as "name version", in order of name."""
    disabled = read_settings("plugins", PluginSettings).disabled
    found = (point for group in groups for point in entry_points(group=group) if point.name not in disabled)
    return tuple(sorted({_package(point) for point in found}))


def _load(entry_point: EntryPoint, expected: type[T]) -> T:
    try:
        plugin = entry_point.load()
    except Exception as error:  # whatever the code of the package raises
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(
            f"{_described(entry_point)}: {entry_point.value} cannot be imported, {reason}; {_remedy(entry_point)}"
        ) from error
    if not isinstance(plugin, expected):
        name = "callable" if expected.__name__ == "Callable" else f"{expected.__module__}.{expected.__name__}"
        raise PluginError(
            f"{_described(entry_point)}: {entry_point.value} is of type {type(plugin).__name__}, expected a {name}; "
            f"{_remedy(entry_point)}"
        )
    return plugin


def _described(entry_point: EntryPoint) -> str:
    return f"plugin {entry_point.name!r} of {_package(entry_point)} ({entry_point.group})"


def _package(entry_point: EntryPoint) -> str:
    return f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist else "an unknown package"


def _remedy(entry_point: EntryPoint) -> str:
    return f"mend or uninstall the package, or set [plugins] disabled = [{entry_point.name!r}]"

"""The sections of the settings file with their dataclasses, and what the command does with the file."""

import os
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from features.errors import SettingsFileError
from features.settings_file import CONFIG_VARIABLE, check_file, config_path, read_settings

if TYPE_CHECKING:
    from training.fit_challenger import ChallengerSettings

SECTIONS = {
    "store": "features.store.settings.StoreSettings",
    "ingest": "features.ingestion.settings.IngestSettings",
    "formula": "features.loyalty.formula_settings.FormulaSettings",
    "segments": "features.segments.settings.SegmentSettings",
    "forecast": "training.settings.ForecastSettings",
    "fit": "training.settings.FitSettings",
    "candidates": "training.settings.CandidateSettings",
    "trials": "training.settings.TrialSettings",
    "gate": "training.settings.GateLimits",
    "refit": "training.settings.RefitLimits",
    "publish": "training.settings.PublishSettings",
    "tracking": "training.registry.settings.TrackingSettings",
    "retrain": "cli.retrain_folder.RetrainSettings",
    "monitor": "monitoring.settings.MonitorSettings",
    "data_retention": "features.data_retention.settings.DataRetentionSettings",
    "encryption": "features.encryption.settings.EncryptionSettings",
    "serve": "serving.runtime.settings.ServeSettings",
    "events": "features.event_words.EventWords",
    "plugins": "features.plugins.PluginSettings",
}
"""The dataclass of each section; none of their modules needs a library of an optional extra."""

T = TypeVar("T")


def section_class(name: str) -> type[Any]:
    """Return the dataclass of a section."""
    module, _, class_name = SECTIONS[name].rpartition(".")
    return getattr(import_module(module), class_name)  # type: ignore[no-any-return]


def use_config(path: Path | None) -> None:
    """Make a settings file the one of this process and of those that it starts.

    It is set before any other module of the library is imported: the event words and plugins of a process are read
    once, at import.
    """
    chosen = path or config_path()
    if chosen is None:
        return
    if not chosen.is_file():
        raise SettingsFileError(f"there is no settings file {chosen}: `regulars init {chosen}` writes one")
    os.environ[CONFIG_VARIABLE] = str(chosen.absolute())


def check_settings() -> None:
    """Check every section of the file and every variable; raises SettingsFileError for the first mistake."""
    check_file()
    for name in SECTIONS:
        read_settings(name, section_class(name))


def settings_with(name: str, settings_class: type[T], **options: object) -> T:
    """Return the settings of a section with the options that were given; None stands for an option that was not."""
    given = {key: value for key, value in options.items() if value is not None}
    return replace(read_settings(name, settings_class), **given)  # type: ignore[type-var]


def ingest_settings(store: Mapping[str, object] = {}, ingest: Mapping[str, object] = {}) -> dict[str, Any]:
    """Return the keyword arguments of `ingest` that the sections [store] and [ingest] hold, with the options given."""
    from features.ingestion.settings import IngestSettings
    from features.store.settings import StoreSettings

    sections = settings_with("store", StoreSettings, **store), settings_with("ingest", IngestSettings, **ingest)
    return {key: value for section in sections for key, value in asdict(section).items()}


def challenger_settings() -> "ChallengerSettings":
    """Return what a fit tries, and what the gate requires."""
    from training import settings
    from training.fit_challenger import ChallengerSettings

    return ChallengerSettings(
        candidates=read_settings("candidates", settings.CandidateSettings),
        fit=read_settings("fit", settings.FitSettings),
        trials=read_settings("trials", settings.TrialSettings),
        limits=read_settings("gate", settings.GateLimits),
        refit=read_settings("refit", settings.RefitLimits),
    )

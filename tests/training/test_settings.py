"""The settings of training: their defaults, and what they refuse."""

import pytest

from features.errors import InvalidArgumentError
from training.settings import FitSettings, GateLimits, TrialSettings


@pytest.mark.parametrize("settings", [{"horizons": ()}, {"horizons": (0, 30)}, {"max_customers": 0}])
def test_settings_of_a_fit_check_themselves(settings: dict[str, object]) -> None:
    """A fit without horizons or customers is refused before it begins."""
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        FitSettings(**settings)  # type: ignore[arg-type]


def test_the_default_settings_of_a_fit_are_these() -> None:
    """Changing one changes what every model learns from."""
    assert FitSettings() == FitSettings((30, 90, 180, 365), max_customers=50_000, quick_max_customers=10_000)


@pytest.mark.parametrize(
    "settings", [{"horizons": ()}, {"horizons": (91,)}, {"horizons": (0,)}, {"count": 0}, {"max_customers": 0}]
)
def test_settings_of_trials_check_themselves(settings: dict[str, object]) -> None:
    """A horizon longer than the step would not be over at the last trial."""
    with pytest.raises(InvalidArgumentError, match=next(iter(settings))):
        TrialSettings(**settings)  # type: ignore[arg-type]


def test_the_default_settings_of_trials_are_these() -> None:
    """Changing one changes what a challenger is judged by."""
    assert TrialSettings() == TrialSettings(
        horizons=(30, 90), step_days=90, count=3, quick_count=1, max_customers=100_000, least_history_days=120
    )


@pytest.mark.parametrize(
    "limits",
    [{"windows": 0}, {"margin": -0.1}, {"calibration": 0.0}, {"calibration": 1.5}, {"milliseconds": 0}, {"draws": 1}],
)
def test_limits_check_themselves(limits: dict[str, float]) -> None:
    """A limit that would let everything pass, or nothing, is refused by its name."""
    with pytest.raises(InvalidArgumentError, match=next(iter(limits))):
        GateLimits(**limits)  # type: ignore[arg-type]


def test_the_default_limits_are_these() -> None:
    """Changing one changes which models go into service, so it is stated here too."""
    assert GateLimits() == GateLimits(
        windows=3, margin=0.0, calibration=0.05, milliseconds=1.0, customers=100, draws=400
    )

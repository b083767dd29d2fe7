"""The settings of the monitor refuse what no look could use."""

from pathlib import Path

import pytest

from features.errors import InvalidArgumentError
from monitoring.settings import MonitorSettings


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"horizons": (28, 0)}, "horizons has 0, expected 1 to 3650 days"),
        ({"false_alarm_rate": 0.9}, "false_alarm_rate is 0.9, expected 0.001 to 0.5"),
        ({"forecast_log_keys": Path("keys")}, "forecast_log_keys are those of a forecast_log: name it too"),
    ],
)
def test_what_cannot_be_used_is_refused(given: dict[str, object], reason: str) -> None:
    """With what was found and what was expected."""
    with pytest.raises(InvalidArgumentError, match=f"^{reason}$"):
        MonitorSettings(**given)  # type: ignore[arg-type]

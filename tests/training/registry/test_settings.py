"""Where files of runs are kept, and what is no place for them."""

from pathlib import Path

import pytest

from features.errors import InvalidArgumentError
from training.registry.settings import TrackingSettings


def test_an_experiment_has_its_own_folder_in_the_root(tmp_path: Path) -> None:
    """Paths become addresses, blanks escaped; addresses stay as they are; without a root the home decides."""
    assert (
        TrackingSettings(str(tmp_path / "our files")).location("regulars") == f"file://{tmp_path}/our%20files/regulars"
    )
    assert TrackingSettings("s3://models/shop/").location("regulars") == "s3://models/shop/regulars"
    assert TrackingSettings().location("regulars") is None
    assert TrackingSettings("").location("regulars") is None


@pytest.mark.parametrize("values", [("files", 30, 2), (None, 0, 2), (None, 30, -1)])
def test_a_value_that_cannot_be_used_is_refused(values: tuple[str | None, int, int]) -> None:
    """A relative path, which would depend on the working directory; no time; fewer than no retries."""
    with pytest.raises(InvalidArgumentError, match="give"):
        TrackingSettings(*values)

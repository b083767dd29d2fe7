"""Which segments are in use is a setting, and they are used only with boundaries."""

from importlib import resources
from pathlib import Path

import pytest

from features.errors import SegmentsError
from features.segments.segmentation import Boundaries, with_boundaries
from features.segments.settings import SegmentSettings, segmentation_of_settings, segments_file

TEXT = resources.files("features.segments").joinpath("segments.toml").read_text("utf-8")
LEARNT = Boundaries("2024-06-01", "abc", *[(1.0, 2.0, 3.0, 4.0)] * 3)


def test_by_default_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boundaries are a firm's own, so none come along."""
    monkeypatch.setenv("REGULARS_CONFIG", "")
    assert SegmentSettings() == SegmentSettings(file=None)
    assert segments_file() is None
    assert segmentation_of_settings() is None


def test_the_file_of_the_settings_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the settings file; without boundaries it is refused."""
    (tmp_path / "regulars.toml").write_text('[segments]\nfile = "ours.toml"\n')
    monkeypatch.setenv("REGULARS_CONFIG", str(tmp_path / "regulars.toml"))
    (tmp_path / "ours.toml").write_text(with_boundaries(TEXT, LEARNT), encoding="utf-8")
    found = segmentation_of_settings()
    assert found is not None
    assert found.learnt() == LEARNT
    (tmp_path / "ours.toml").write_text(TEXT, encoding="utf-8")
    with pytest.raises(SegmentsError, match="are not learnt"):
        segmentation_of_settings()

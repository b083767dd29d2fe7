"""What MLflow keeps of a version and of the gate's figures."""

from training.registry.entities import ModelVersion, gate_figures


def test_the_digest_of_a_version_is_its_tag() -> None:
    """A version that somebody registered by hand has none, so nothing can be loaded from it."""
    assert ModelVersion(1, "run", "file:///models", {"digest": "abc"}).digest == "abc"
    assert ModelVersion(1, "run", "file:///models", {}).digest == ""


def test_the_figures_of_the_gate_are_found_in_runs_of_today_and_of_before() -> None:
    """Today they have a prefix among the metrics; a run of an earlier release has them among the others."""
    assert gate_figures({"verdict.log.events": 7.0, "verdict.windows": 1.0, "auc": 0.8}) == {
        "log.events": 7.0,
        "windows": 1.0,
    }
    assert gate_figures({"log.events": 7.0, "windows": 1.0}) == {"log.events": 7.0, "windows": 1.0}

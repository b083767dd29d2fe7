"""What MLflow keeps of a version."""

from training.registry.entities import ModelVersion


def test_the_digest_of_a_version_is_its_tag() -> None:
    """A version that somebody registered by hand has none, so nothing can be loaded from it."""
    assert ModelVersion(1, "run", "file:///models", {"digest": "abc"}).digest == "abc"
    assert ModelVersion(1, "run", "file:///models", {}).digest == ""

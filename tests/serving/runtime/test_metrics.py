"""The metrics of the service have few labels."""

from serving.runtime.metrics import Metrics


def test_unknown_paths_and_methods_share_a_label(metrics: Metrics) -> None:
    """A path or method that a client invents makes no series of its own."""
    assert metrics.route("/score") == "/score"
    assert metrics.route("/plans/2026-W48-9c1f02ab/items") == "/plans/{plan_id}/items"
    assert metrics.route("/wp-admin") == metrics.route("/score\n") == "other"
    before = metrics._requests.cache_info().currsize
    for method in ("PROPFIND", "MKCOL", "X"):
        metrics.answered("other", method, 404, 0.01, 0)
    assert metrics._requests.cache_info().currsize <= before + 1

"""The policy of a page allows what it is given and nothing else."""

from features.content_security import content_security_policy


def test_the_policy_allows_what_it_is_given() -> None:
    """Each text by its hash, and nothing else."""
    policy = content_security_policy(["a", "b"], ["c"])
    assert policy.count("'sha256-") == 3
    assert "script-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='" in policy

"""Bodies of /jobs hold what they say, and leave out what is not known."""

import msgspec
import pytest

from serving.job_types import Job, JobQuery
from tests.serving.conftest import NOW


def test_what_is_not_known_is_absent() -> None:
    """No null in a job that has just been submitted."""
    job = Job(job_id="a" * 32, endpoint="score", state="queued", submitted_at=NOW)
    assert msgspec.to_builtins(job) == {
        **{"job_id": "a" * 32, "endpoint": "score", "state": "queued"},
        "submitted_at": "2011-12-10T12:00:00Z",
    }


@pytest.mark.parametrize("query", [{}, {"endpoint": "versions"}, {"endpoint": "score", "horizon_days": "0"}])
def test_a_query_names_an_endpoint_and_its_parameters(query: dict[str, str]) -> None:
    """Nothing else is one."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(query, JobQuery, strict=False)

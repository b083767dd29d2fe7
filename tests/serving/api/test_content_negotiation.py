"""Accept as RFC 9110 has it."""

import pytest

from serving.api.content_negotiation import ARROW, JSON, response_type
from serving.api.problem_details import ProblemError


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (ARROW, ARROW),
        (f"{JSON}, {ARROW}", JSON),
        (f"{JSON};q=0.5, {ARROW}", ARROW),
        (f"{ARROW};q=0.5, */*;q=0.1", ARROW),
        (f"{JSON};q=0, */*", ARROW),
        (f"text/html, */*;q=0.1, {ARROW};q=0", JSON),
        (" , ", None),
        ("text/*", None),
        (f"{JSON};q=0, {ARROW};q=0", None),
        ("*/*;q=0", None),
    ],
)
def test_the_most_specific_range_decides(accept: str | None, expected: str | None) -> None:
    """Weights and exclusions count; between equals the first offered is taken; nothing acceptable is 406."""
    if expected is None:
        with pytest.raises(ProblemError, match="Accept"):
            response_type(accept, (JSON, ARROW))
    else:
        assert response_type(accept, (JSON, ARROW)) == expected

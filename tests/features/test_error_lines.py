"""An error is one line, whatever it says."""

import pytest

from features.error_lines import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [(ValueError("wrong\nand more"), "wrong"), (ValueError("\n  wrong"), "wrong"), (OSError(), "OSError")],
)
def test_the_first_line_that_says_something(error: Exception, line: str) -> None:
    """Without one the kind of the error."""
    assert first_line(error) == line

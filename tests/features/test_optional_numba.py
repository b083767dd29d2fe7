"""Without Numba everything that a service needs runs as plain Python."""

import subprocess
import sys

from features.optional_numba import njit


def test_without_numba_a_log_is_checked_all_the_same() -> None:
    """Where Numba is not installed, as in a Bento, words and numbers are found and refused as anywhere."""
    code = """
import sys
sys.modules["numba"] = None
import pyarrow as pa
from features.timezones import business_timezone
from features.ingestion.validation import ValidationRules, validate_batch
log = {"customer_id": ["a", "b"], "event_time": ["2024-01-05", "2024-01-06"], "event_type": ["purchase", "theft"],
       "amount": ["5.25", "-1"]}
rules = ValidationRules(business_timezone("UTC"))
found = validate_batch({name: pa.array(values) for name, values in log.items()}, rules)
print(found.events["cents"].to_pylist(), sorted(name for name, *_ in found.errors.entries))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout == "[525] ['amount', 'event_type']\n", ended.stderr


def test_a_compiled_function_gives_the_same_result() -> None:
    """As the plain one."""

    def add(a, b):  # type: ignore[no-untyped-def]
        return a + b

    assert njit(nogil=True)(add)(2, 3) == add(2, 3) == 5

"""Damaged tables are refused in one line: no 5xx, no crash, no growth."""

import time
from collections import Counter

import pytest
from starlette.applications import Starlette

from tests.serving.asking import ask
from tests.serving.table_mutants import mutants, seeds
from tests.serving.test_bombs import GROWTH, forget_peak, memory

ANSWERS = {200, 400, 413, 415, 422}


def statuses(app: Starlette, count: int, seed: int) -> Counter[int]:
    """The statuses of so many mutants; each is answered in seconds, with one line."""
    found: Counter[int] = Counter()
    forget_peak()
    before, _ = memory()
    for number, (path, body, kind) in enumerate(mutants(count, seed)):
        began = time.monotonic()
        answer = ask(app, path, body, kind=kind)
        found[answer.status] += 1
        assert answer.status in ANSWERS, (number, answer.body)
        assert answer.status == 200 or "\n" not in answer.json()["detail"], number
        assert time.monotonic() - began < 20, number
    assert memory()[1] - before < GROWTH
    return found


def test_the_seeds_are_good_or_of_a_kind_that_is_refused(app: Starlette) -> None:
    """What is damaged is a good request, so that mutants reach beyond the first check; one is a nested column."""
    found = Counter(ask(app, path, body, kind=kind).status for path, body, kind in seeds())
    assert set(found) == {200, 422}
    assert found[200] > 6 * found[422]


def test_damaged_tables_are_refused(app: Starlette) -> None:
    """Some hundred mutants; most are refused, of several kinds."""
    found = statuses(app, 400, 1)
    assert found.keys() >= {200, 400, 422}


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_twenty_thousand_damaged_tables_are_refused(app: Starlette) -> None:
    """The same for 20,000 other mutants; prints how they were answered."""
    print(dict(statuses(app, 20_000, 2)))

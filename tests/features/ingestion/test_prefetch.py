"""Items computed ahead are the same items, in order, and no more than one ahead."""

import threading
from collections.abc import Iterator

import pytest

from features.ingestion.prefetch import prefetch


@pytest.mark.parametrize("background", [True, False])
def test_the_items_come_in_order(background: bool) -> None:
    """All of them, also falsy ones."""
    assert list(prefetch(iter([3, 0, 2]), background)) == [3, 0, 2]
    assert list(prefetch(iter([]), background)) == []


@pytest.mark.parametrize("background", [True, False])
def test_an_error_comes_after_the_items_before_it(background: bool) -> None:
    """As the iterator itself would raise it."""

    def items() -> Iterator[int]:
        yield 1
        raise RuntimeError("the source broke off")

    ahead = prefetch(items(), background)
    assert next(ahead) == 1
    with pytest.raises(RuntimeError, match="broke off"):
        next(ahead)


def test_the_next_item_is_computed_in_another_thread() -> None:
    """While the caller still uses the current one; without `background`, in the caller's thread when it asks."""

    def threads() -> Iterator[int]:
        while True:
            yield threading.get_ident()

    assert next(prefetch(threads(), background=True)) != threading.get_ident()
    assert next(prefetch(threads(), background=False)) == threading.get_ident()


def test_closing_waits_for_the_item_that_is_being_computed() -> None:
    """Afterwards nothing runs in the background."""
    computed: list[int] = []

    def items() -> Iterator[int]:
        for item in range(10):
            computed.append(item)
            yield item

    ahead = prefetch(items())
    next(ahead)
    ahead.close()
    assert computed == [0, 1]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ThreadPoolExecutor")]

"""The runner of this process."""

import threading

import pytest

from features.partitions.runners import run_here


def test_each_number_is_called_once_by_threads() -> None:
    """What the calls return comes back, and an error in one of them."""
    threads = set()

    def double(number: int) -> int:
        threads.add(threading.current_thread())
        return 2 * number

    assert sorted(run_here(double, 5)) == [0, 2, 4, 6, 8]
    assert threading.main_thread() not in threads
    assert list(run_here(double, 0)) == []
    with pytest.raises(ZeroDivisionError):
        list(run_here(lambda number: 1 // number, 2))

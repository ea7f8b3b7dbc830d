"""The places of a client's connections: who waits for one is told when there is one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from client import TimedOutError
from client.blocking.deadline import Deadline
from client.blocking.pool import Shelf

PATIENCE_SECONDS = 20.0


class Passing(Deadline):
    """One that passes when the test says so."""

    is_over = False

    @property
    def seconds_left(self) -> float:
        """As every deadline's."""
        return 0.0 if self.is_over else super().seconds_left


class InTheLastMoment(threading.Condition):
    """Tells who waits in the moment in which that time is up: it is told for good, and hears that it was not."""

    def __init__(self, deadline: Passing) -> None:
        super().__init__()
        self._deadline = deadline
        self._waiting = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        """As every condition's."""
        self._waiting.release()  # who takes the lock after this finds it waiting
        super().wait(timeout)
        self._deadline.is_over = True
        return False

    def wait_waiting(self) -> None:
        """Until one more thread waits."""
        assert self._waiting.acquire(timeout=PATIENCE_SECONDS)


def test_a_place_that_becomes_free_as_the_time_of_the_first_who_waits_is_up_is_another_ones() -> None:
    shelf, soon = Shelf(1), Passing(PATIENCE_SECONDS)
    shelf.free = free = InTheLastMoment(soon)
    mine = shelf.take_place(Deadline(PATIENCE_SECONDS))

    def take_and_give_back(deadline: Deadline) -> None:
        shelf.give_place_back(shelf.take_place(deadline), None)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(take_and_give_back, soon)
        free.wait_waiting()
        second = threads.submit(take_and_give_back, Deadline(PATIENCE_SECONDS))
        free.wait_waiting()
        shelf.give_place_back(mine, None)
        second.result()
        with suppress(TimedOutError):
            first.result()
    assert soon.is_over


def test_a_place_that_is_not_free_in_time_is_not_had() -> None:
    shelf = Shelf(1)
    shelf.take_place(Deadline(PATIENCE_SECONDS))
    with ThreadPoolExecutor(1) as thread, pytest.raises(TimedOutError, match=r"connections became free within 0\.05"):
        thread.submit(shelf.take_place, Deadline(0.05)).result()

"""The places of a client's connections: who waits for one is told when there is one."""

import time
from collections.abc import Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from client import TimedOutError
from client.blocking.deadline import Deadline
from client.blocking.pool import Shelf

PATIENCE_SECONDS = 20.0


def test_a_place_that_becomes_free_as_the_time_of_the_first_who_waits_is_up_is_another_ones() -> None:
    shelf = Shelf(1)
    waiting: Sized = vars(shelf.free)["_waiters"]
    mine = shelf.take_place(Deadline(PATIENCE_SECONDS))

    def take_and_give_back(deadline: Deadline) -> None:
        shelf.give_place_back(shelf.take_place(deadline), None)

    with ThreadPoolExecutor(2) as threads:
        soon = Deadline(0.2)
        first = threads.submit(take_and_give_back, soon)
        while not waiting and not first.done():
            time.sleep(0.001)  # nobody tells that somebody waits
        second = threads.submit(take_and_give_back, Deadline(PATIENCE_SECONDS))
        while len(waiting) < 2 and not first.done():
            time.sleep(0.001)
        with shelf.free:  # the first cannot leave, and is the one who is told
            time.sleep(max(0, soon.seconds_left) + 0.1)
            shelf.give_place_back(mine, None)
        second.result()
        with suppress(TimedOutError):
            first.result()


def test_a_place_that_is_not_free_in_time_is_not_had() -> None:
    shelf = Shelf(1)
    shelf.take_place(Deadline(PATIENCE_SECONDS))
    with ThreadPoolExecutor(1) as thread, pytest.raises(TimedOutError, match=r"connections became free within 0\.05"):
        thread.submit(shelf.take_place, Deadline(0.05)).result()

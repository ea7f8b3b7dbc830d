"""Threads for what blocks, where the system may allow no more of them: that must end nobody who can do without."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import trio

from persistence.errors import NoRoomError
from persistence.own_limits import room_for_more, with_room

_REFUSED: Final = "can't start new thread"
"""Python says it by a RuntimeError, which it also says much else by."""

T = TypeVar("T")


@contextmanager
def threads_wanted() -> Iterator[None]:
    """A thread that cannot be started in the block is an OSError, EAGAIN, as is a process that cannot be."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != _REFUSED:
            raise
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from None


async def asked_in_thread(what: str, ask: Callable[[], T]) -> T:
    """The answer to a question that blocks for long. Cancelled, the thread ends by itself.

    Raises NoRoomError, which begins with `what`, when there is no thread for it, and what the question raises.
    """
    try:
        with threads_wanted():
            return await trio.to_thread.run_sync(ask, abandon_on_cancel=True)
    except BlockingIOError as error:
        raise NoRoomError(with_room(what, error, room_for_more(error))) from error


async def written_in_thread(write: Callable[[], object]) -> None:
    """Write a little to the disk. Without a thread for it, everybody waits for that moment. Cancelled, not begun."""
    try:
        with threads_wanted():
            await trio.to_thread.run_sync(write)
    except BlockingIOError:
        write()

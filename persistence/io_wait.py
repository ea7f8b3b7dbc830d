"""Sockets that are read when trio has nothing else to do, without a turn of its scheduler for each.

A task that waits until a socket can be read costs a system call and a turn of the scheduler for each time: together
more than what is then done for one packet. `each_time_readable` and `each_look` are that loop for who waits for nothing
else in it. In a program that has its event loop for itself, `own_io_wait` makes them cheap: when trio is about to wait
for the kernel it tells its instruments, and ours waits in its stead, for our sockets and for all that trio waits for.
What comes for ours is dealt with right there. Trio goes on when something came for it, when a task can run, and when
one of its deadlines is there. Elsewhere a task waits, which is slower, and nothing else.

docs/decisions/0038 says what it brings, and what else was thought of.
"""

from __future__ import annotations  # for where select has no epoll to name

import math
import select
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import trio

from persistence.own_io_wait import Look, OwnIoWait, Read
from persistence.trios_set import set_of_trio

_OWN: Final = trio.lowlevel.RunVar[OwnIoWait | None]("own_io_wait", None)


async def each_time_readable(number: int, read: Read) -> None:
    """Call this whenever the descriptor can be read, until it returns False.

    It is called between two turns of trio's scheduler, or in a task: it must not wait. Of a deadline that it sets for a
    task `notify_deadline` is to be told.

    Raises what it raises; OSError when the descriptor cannot be watched, trio.ClosedResourceError when it is told by
    `notify_closing`. Cancelled, nothing is lost.
    """
    own = _OWN.get()
    if own is not None:
        await own.watch(number, read)
        return
    going_on = True
    while going_on:
        await trio.lowlevel.wait_readable(number)
        going_on = read()


def notify_closing(number: int) -> None:
    """It is about to be closed: who waits for it, here or with trio, gets trio.ClosedResourceError."""
    own = _OWN.get()
    if own is not None:
        own.notify_closing(number)
    trio.lowlevel.notify_closing(number)


def notify_deadline() -> None:
    """A task has a deadline now that is earlier than what it had: nobody waits for longer."""
    own = _OWN.get()
    if own is not None:
        own.notify_deadline()


async def each_look(several: select.epoll, most: Callable[[], int], look: Look) -> None:
    """The same for all descriptors of an epoll set: so many at most are heard in a look. Endless.

    While this runs, the kernel may name descriptors in that set that were not put there by its owner: to be left alone.
    """
    own = _OWN.get()
    if own is not None and not own.looks:
        await own.watch_set(several, most, look)
        return
    number, seconds = several.fileno(), math.inf
    while True:
        if math.isinf(seconds):
            await trio.lowlevel.wait_readable(number)
        elif seconds > 0:
            with trio.move_on_after(seconds):
                await trio.lowlevel.wait_readable(number)
        else:  # trio need not watch the set to learn what is known
            await trio.lowlevel.checkpoint()
        seconds = look(several.poll(0, most()))


@asynccontextmanager
async def own_io_wait() -> AsyncIterator[None]:
    """In this block both need no turns of the scheduler, where the system has what that takes.

    For a program that has the event loop for itself: others' instruments would see less of it, trio's tools for tests
    would not learn that something happens here, and the host of a guest run would stand still. Several such blocks may
    overlap; what is begun in one is to end in it.
    """
    own = _OWN.get() or await _begin()
    if own is None:
        yield
        return
    own.users += 1
    try:
        yield
    finally:
        own.users -= 1
        if not own.users:
            _OWN.set(None)
            trio.lowlevel.remove_instrument(own)
            own.close()


async def _begin() -> OwnIoWait | None:
    trios = await set_of_trio()
    own = _OWN.get()  # others may have been here meanwhile
    if own is None and trios is not None:
        own = OwnIoWait(trios)
        trio.lowlevel.add_instrument(own)
        _OWN.set(own)
    return own

"""The wait for the kernel in trio's stead: what `persistence.io_wait` makes cheap by it."""

from __future__ import annotations  # for where select has no epoll to name

import math
import select
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from typing import TypeAlias

import trio

Read: TypeAlias = Callable[[], bool]
"""Reads without waiting, and copes when there is nothing. Returns whether to go on."""

Look: TypeAlias = Callable[[list[tuple[int, int]]], float]
"""Reads from these descriptors, named as by epoll. Returns in how many seconds to look again even if nothing can be
read: `math.inf` for never, 0 when there may be more."""


class _Watched:
    """What is watched: until it ends somebody waits."""

    def __init__(self) -> None:
        self._over = trio.Event()
        self._failure: BaseException | None = None

    def end(self, failure: BaseException | None = None) -> None:
        """It is watched no more, for this reason if there is one."""
        self._failure = failure
        self._over.set()

    async def wait(self) -> None:
        """Wait for that; raises the reason."""
        await self._over.wait()
        if self._failure is not None:
            raise self._failure


class _One(_Watched):
    """One descriptor, and who reads it."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self.read = read


class _Several(_Watched):
    """A set of them, and who looks at it."""

    def __init__(self, several: select.epoll, most: Callable[[], int], look: Look) -> None:
        super().__init__()
        self.set = several
        self.most = most
        self.look = look
        self.looks_again = math.inf
        """When to look, whatever comes. By perf_counter, as trio's clock may be a test's."""


class OwnIoWait(trio.abc.Instrument):
    """The wait for the kernel in trio's stead; `trios` is the epoll set in which trio waits.

    Attributes:
        users: how many blocks have it.
    """

    def __init__(self, trios: int) -> None:
        self.users = 0
        self._trios = trios
        self._ones: dict[int, _One | None] = {trios: None}
        self._set = select.epoll()
        """Trio's set and the ones. They are in the set of several too, where there is one: there the kernel is asked,
        for a set within a set costs more."""
        self._set.register(trios, select.EPOLLIN)
        self._several: _Several | None = None
        self._trios_events = select.poll()
        self._trios_events.register(trios, select.POLLIN)
        self._token = trio.lowlevel.current_trio_token()
        self._trio_is_due = False

    def close(self) -> None:
        """Give the set back to the system. Nothing is watched any more."""
        self._set.close()

    @property
    def looks(self) -> bool:
        """Whether a set is watched."""
        return self._several is not None

    async def watch(self, number: int, read: Read) -> None:
        """See each_time_readable."""
        self._set.register(number, select.EPOLLIN)
        if self._several is not None:
            try:
                self._several.set.register(number, select.EPOLLIN)
            except OSError:
                self._set.unregister(number)
                raise
        one = self._ones[number] = _One(read)
        try:
            await one.wait()
        finally:
            self._forget(number, one)

    def notify_closing(self, number: int) -> None:
        """See there."""
        one = self._ones.get(number)
        if one is not None:
            self._forget(number, one)
            one.end(trio.ClosedResourceError("another task closed this fd"))

    async def watch_set(self, several: select.epoll, most: Callable[[], int], look: Look) -> None:
        """See each_look. Not while `looks`."""
        several.register(self._trios, select.EPOLLIN)
        for number, one in tuple(self._ones.items()):
            if one is not None:
                self._add(number, one, several)
        self._several = watched = _Several(several, most, look)
        try:
            await watched.wait()
        finally:
            self._several = None
            for number in self._ones:
                with suppress(OSError, ValueError):  # it was not there, or the set is closed
                    several.unregister(number)

    def notify_deadline(self) -> None:
        """See there: trio has said how long it would wait before that was set."""
        self._trio_is_due = True

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        """Trio says: a task can run now."""
        self._trio_is_due = True

    def before_io_wait(self, timeout: float) -> None:
        """Trio says: it is about to wait for the kernel, so many seconds at most; 0 if a task can run."""
        try:
            will_notice = self._wait(timeout)
        except BaseException as error:  # noqa: ASYNC103, BLE001 - trio would log it, and call us no more
            self._end_all(error)
            will_notice = False
        if not will_notice:
            # Trio waits as long as it has said, though that time may be over, and a task may be able to run by now.
            self._token.run_sync_soon(_nothing, idempotent=True)

    def _wait(self, timeout: float) -> bool:
        """Wait, and read, until trio has something to do. Returns whether it will notice that by itself."""
        self._trio_is_due = False
        until = perf_counter() + timeout
        seconds = timeout
        while True:
            mine = self._wait_and_look(seconds, until)
            for number in mine:
                self._read(number)
            if not timeout:
                return True
            if self._trios in mine and self._trios_events.poll(0):
                return True  # else what was there for trio is gone: of a task, say, that was ended by what was read
            seconds = until - perf_counter()
            if self._trio_is_due or seconds <= 0:
                return False

    def _wait_and_look(self, seconds: float, until: float) -> list[int]:
        """Wait so long at most, which is till then, and let several be heard. Returns which of the ones can be read."""
        several, ones = self._several, self._ones
        if several is None:
            return [number for number, _ in self._set.poll(seconds, len(ones))]
        if several.looks_again < until:
            seconds = max(min(seconds, several.looks_again - perf_counter()), 0.0)
        most = several.most()
        found = several.set.poll(seconds, most)
        mine = [number for number, _ in found if number in ones]
        theirs = [event for event in found if event[0] not in ones] if mine else found
        if theirs or several.looks_again <= perf_counter():
            self._look(several, theirs)
        if len(found) == most:
            # Where hundreds speak, the kernel names each in its turn; the ones are asked for between any two looks.
            mine = [number for number, _ in self._set.poll(0, len(ones))]
        return mine

    def _look(self, several: _Several, found: list[tuple[int, int]]) -> None:
        try:
            seconds = several.look(found)
        except BaseException as error:  # noqa: ASYNC103, BLE001 - it comes out in the task that waits
            several.end(error)
        else:
            several.looks_again = perf_counter() + seconds

    def _read(self, number: int) -> None:
        one = self._ones.get(number)
        if one is None:
            return
        try:
            if one.read():
                return
            failure = None
        except BaseException as error:  # noqa: ASYNC103, BLE001 - see _look
            failure = error
        self._forget(number, one)
        one.end(failure)

    def _forget(self, number: int, one: _One) -> None:
        if self._ones.get(number) is one:  # the number may be somebody else's by now
            del self._ones[number]
            for epoll in (self._set, self._several.set) if self._several else (self._set,):
                with suppress(OSError, ValueError):  # who reads it may have closed it, or the set is closed
                    epoll.unregister(number)

    def _add(self, number: int, one: _One, several: select.epoll) -> None:
        try:
            several.register(number, select.EPOLLIN)
        except OSError as error:  # closed by who reads it, or the system has no room
            self._forget(number, one)
            one.end(error)

    def _end_all(self, failure: BaseException) -> None:
        for watched in (*self._ones.values(), self._several):
            if watched is not None:
                watched.end(failure)


def _nothing() -> None:
    pass

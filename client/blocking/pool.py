"""The connections of a client: who gets which, how many there may be, and when a new one is made."""

import math
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from client.blocking.deadline import Deadline
from client.blocking.dialing import Way
from client.blocking.line import Line
from client.errors import CannotConnectError, ClientClosedError, ClientError
from client.failures import all_told, told
from client.rota import Rota
from client.slot import NotSentError, Slot
from protocol import Connection, OptionReq, OptionRes, Role

__all__ = ["Pool"]


class Shelf:
    """The connections of one process: the idle ones, and how many are in use and by which threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.free: threading.Condition = threading.Condition()
        self.idle: list[Line] = []  # the one used last is used next, so that a burst's extra ones lie at the bottom
        self.in_use: Counter[int] = Counter()

    def take_place(self, deadline: Deadline) -> int:
        """Waits until one more may be in use, and returns whose place it is."""
        thread = threading.get_ident()
        with self.free:
            while self.in_use.total() >= self.most:
                if self.in_use[thread] >= self.most:
                    raise RuntimeError(
                        f"this thread itself uses all {self.most} connections of its client, in `follow` or "
                        "`submit_many`, and asks for another: end one, or give the client more (most_connections)"
                    )
                left = deadline.seconds_left
                if left <= 0:
                    raise deadline.passed(f"none of the client's {self.most} connections became free")
                # Whether time was up is not asked: who is told in that moment is told all the same, and no one else is.
                self.free.wait(None if left == math.inf else left)
            self.in_use[thread] += 1
        return thread

    def give_place_back(self, thread: int, line: Line | None) -> None:
        """One less is in use; the line, if it is still good, is for the next."""
        with self.free:
            self.in_use[thread] -= 1
            if not self.in_use[thread]:
                del self.in_use[thread]
            if line is not None:
                self.idle.append(line)
            self.free.notify()

    def take_idle(self) -> Line | None:
        """The one used last, if there is any."""
        with self.free:
            return self.idle.pop() if self.idle else None

    def clear(self) -> None:
        """Closes the idle ones."""
        while self.idle:
            self.idle.pop().close()


class Pool:
    """Hands out connections, each to one caller at a time.

    A child process begins with none: it lets go of its copies of its parent's sockets, and of the parent's locks, which
    a thread that the child does not have may hold for ever.
    """

    def __init__(self, rota: Rota[Way], *, most: int, connect_timeout_seconds: float, max_body: int) -> None:
        self._rota = rota
        self._most = most
        self._connect_timeout_seconds = connect_timeout_seconds
        self._max_body = max_body
        self._shelves = {os.getpid(): Shelf(most)}
        self._closed = False

    @contextmanager
    def lend(self, deadline: Deadline, *, fresh: bool = False) -> Iterator[Line]:
        """A connection for the length of the block; CannotConnectError if there is none to be had.

        Args:
            deadline: for waiting until one is free, and for connecting.
            fresh: one on which nothing was said yet.
        """
        if self._closed:
            raise ClientClosedError(f"the client of {self._rota.names} is closed")
        shelf = self._shelf()
        place = shelf.take_place(deadline)
        line: Line | None = None
        try:
            line = (None if fresh else self._living(shelf)) or self._connect(shelf, deadline)
            yield line
        finally:
            kept = line if line is not None and line.reusable and not self._closed else None
            if shelf is self._shelves.get(os.getpid()):  # else the block was left in a child
                shelf.give_place_back(place, kept)
            if line is not None and kept is None:
                self._drop(shelf, line)

    def close(self) -> None:
        """Closes the idle connections now, and those in use when they are given back."""
        self._closed = True
        self._shelf().clear()

    def _shelf(self) -> Shelf:
        process = os.getpid()
        shelf = self._shelves.get(process)
        if shelf is None:
            shelf = self._shelves.setdefault(process, Shelf(self._most))  # of two threads, both get the same
            for other in [other for other in self._shelves if other != process]:
                inherited = self._shelves.pop(other, None)
                if inherited is not None:
                    inherited.clear()
        return shelf

    def _living(self, shelf: Shelf) -> Line | None:
        """An idle connection that has not ended meanwhile."""
        while (line := shelf.take_idle()) is not None:
            if line.is_alive():
                return line
            self._drop(shelf, line)
        return None

    def _drop(self, shelf: Shelf, line: Line) -> None:
        if line.lost:  # by the server, which comes behind the others from now on
            with shelf.free:
                for way in self._rota.order():
                    if way.server == line.server:
                        self._rota.lost(way)
        line.close()

    def _connect(self, shelf: Shelf, deadline: Deadline) -> Line:
        """To the first server that answers; else says what each had against it."""
        failures: list[CannotConnectError] = []
        with shelf.free:
            ways = self._rota.order()
        for way in ways:
            try:
                line = self._open(way, deadline.within(self._connect_timeout_seconds))
            except TimeoutError as error:
                if deadline.over:
                    raise deadline.passed(f"no connection to {way.server}") from error
                reason = f"no greeting within {self._connect_timeout_seconds:g} seconds"
                failures.append(told(way.server, reason, error))
            except (OSError, ClientError, NotSentError) as error:
                failures.append(told(way.server, str(error) or "the server hung up", error))
            else:
                with shelf.free:
                    self._rota.answered(way)
                return line
        raise all_told(failures)

    def _open(self, way: Way, deadline: Deadline) -> Line:
        line = Line(way.dial(deadline), way.server, max_body=self._max_body)
        try:
            # Without this option an exception reaches us as a bare failure, its text lost at the server.
            line.ask(Slot(Connection(Role.PEER).send(OptionReq(b"exceptions")), OptionRes), deadline)
        except BaseException:
            line.close()
            raise
        return line

"""Which connection the next request takes, and when a new one is made."""

from collections.abc import Awaitable, Callable

import trio

from client.errors import CannotConnectError, ClientError
from client.loss import Loss
from client.session import Session
from client.slot import NotSentError, Slot
from peer import Backoff
from protocol import Connection, OptionReq, OptionRes, Role

__all__ = ["Connector"]

MOST_DRAINING = 8
"""Retiring connections at a time; beyond it the newest stays in use until one of them has closed."""


class Attempt:
    """One try to connect, shared by all who wait for it."""

    def __init__(self) -> None:
        self.over = trio.Event()
        self.error: Exception | None = None


class Connector:
    """Hands out the current connection; who finds none starts an attempt, and all others wait for the same.

    An attempt runs in the client's nursery: a caller who is cancelled leaves it to the others.
    """

    def __init__(
        self,
        dial: Callable[[], Awaitable[trio.abc.Stream]],
        server: str,
        nursery: trio.Nursery,
        *,
        connect_timeout_seconds: float,
        max_body: int,
    ) -> None:
        self._dial = dial
        self._server = server
        self._nursery = nursery
        self._connect_timeout_seconds = connect_timeout_seconds
        self._max_body = max_body
        self._backoff = Backoff()
        self._not_before = 0.0
        self._current: Session | None = None
        self._draining: list[Session] = []
        self._attempt: Attempt | None = None
        self._closed = False

    async def session(self) -> Session:
        """A connection to ask on, made now if there is none; CannotConnectError if the attempt fails.

        One attempt for one call: it starts after the pause that the last failure or loss imposes, at most two
        seconds.
        """
        while True:
            if self._closed:
                raise trio.ClosedResourceError(f"the client of {self._server} is closed")
            session = self._usable()
            if session is not None:
                return session
            attempt = self._attempt = self._attempt or self._start_attempt()
            await attempt.over.wait()
            if attempt.error is not None:
                raise CannotConnectError(f"cannot connect to {self._server}: {attempt.error}") from attempt.error

    def close(self) -> None:
        """Ends all connections; whoever still waits on one gets ClosedResourceError."""
        self._closed = True
        loss = Loss(self._server, "closed", by_us=True)
        for session in [*self._draining, *([self._current] if self._current else [])]:
            session.close(loss)

    def _usable(self) -> Session | None:
        current = self._current
        if current is None:
            return None
        if not current.over and not current.retiring:
            return current
        self._draining = [session for session in self._draining if not session.over]
        if not current.over:
            if len(self._draining) >= MOST_DRAINING:
                return current
            self._draining.append(current)
        elif not current.retiring:
            self._pause()
        self._current = None
        return None

    def _pause(self) -> None:
        self._not_before = trio.current_time() + self._backoff.next_pause()

    def _start_attempt(self) -> Attempt:
        attempt = Attempt()
        self._nursery.start_soon(self._connect, attempt)
        return attempt

    async def _connect(self, attempt: Attempt) -> None:
        try:
            await trio.sleep_until(self._not_before)
            self._current = await self._open_session()
            self._backoff.reset()
        except (OSError, ClientError, NotSentError) as error:
            attempt.error = error
            self._pause()
        except trio.TooSlowError:
            attempt.error = CannotConnectError(f"no greeting within {self._connect_timeout_seconds:g} seconds")
            self._pause()
        except trio.Cancelled:
            self.close()
            raise
        finally:
            self._attempt = None
            attempt.over.set()

    async def _open_session(self) -> Session:
        with trio.fail_after(self._connect_timeout_seconds):
            session = Session(await self._dial(), self._server, self._max_body)
            self._nursery.start_soon(session.run)
            try:
                # Without this option an exception reaches us as a bare failure, its text lost at the server.
                await session.ask(Slot(Connection(Role.PEER).send(OptionReq(b"exceptions")), OptionRes))
            except BaseException:
                session.close(Loss(self._server, "the greeting was not answered"))
                raise
        return session

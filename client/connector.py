"""Which connection the next request takes, and when a new one is made."""

import os

import trio

from client.awaiting import AwaitedSlot, closed_by_us
from client.errors import CannotConnectError, ClientError
from client.failures import all_told, told
from client.loss import Loss
from client.rota import Rota
from client.route import Route
from client.session import Session
from client.slot import NotSentError
from peer import Backoff
from protocol import Connection, OptionReq, OptionRes, Role

__all__ = ["Connector"]

MOST_DRAINING = 8
"""Retiring connections at a time; beyond it the newest stays in use until one of them has closed."""


class Attempt:
    """One try to connect, to each server once, shared by all who wait for it."""

    def __init__(self) -> None:
        self.over: trio.Event = trio.Event()
        self.error: Exception | None = None


class Connector:
    """Hands out the current connection; who finds none starts an attempt, and all others wait for the same.

    An attempt runs in the client's nursery: a caller who is cancelled leaves it to the others. What starts a task, and
    the tasks themselves, are protected from KeyboardInterrupt: within ``start_soon`` it would leave a task that never
    runs, and a nursery that waits for it for ever. The caller's own task gets it at its next checkpoint instead.
    """

    def __init__(
        self,
        rota: Rota[Route],
        nursery: trio.Nursery,
        *,
        connect_timeout_seconds: float,
        max_body: int,
        in_flight: int,
    ) -> None:
        self._rota = rota
        self._nursery = nursery
        self._run = trio.lowlevel.current_trio_token()
        self._process = os.getpid()
        self._connect_timeout_seconds = connect_timeout_seconds
        self._max_body = max_body
        self._in_flight = in_flight
        self._backoff = Backoff()
        self._not_before = 0.0
        self._current: tuple[Route, Session] | None = None
        self._draining: list[Session] = []
        self._attempt: Attempt | None = None
        self._closed = False

    async def session(self) -> Session:
        """A connection to ask on, made now if there is none; CannotConnectError if the attempt fails.

        One attempt for one call: it starts after the pause that the last failure or loss imposes, at most two
        seconds, and asks each server once. No checkpoint if there is a connection.
        """
        return (await self._connected())[1]

    async def open_stream(self) -> tuple[str, trio.abc.Stream]:
        """Another connection, the caller's own, to the server we are connected to, and what errors call it."""
        route, _ = await self._connected()
        try:
            with trio.fail_after(self._connect_timeout_seconds):
                return route.server, await route.dial()
        except OSError as error:
            raise told(route.server, str(error), error) from error
        except trio.TooSlowError as error:
            raise told(
                route.server, f"no connection within {self._connect_timeout_seconds:g} seconds", error
            ) from error

    def close(self) -> None:
        """Ends all connections; whoever still waits on one gets ClosedResourceError."""
        self._closed = True
        for session in [*self._draining, *([self._current[1]] if self._current else [])]:
            session.close(closed_by_us(session.server, "closed"))

    async def _connected(self) -> tuple[Route, Session]:
        self._must_be_ours()
        while True:
            if self._closed:
                raise trio.ClosedResourceError(f"the client of {self._rota.names} is closed")
            current = self._usable()
            if current is not None:
                return current
            attempt = self._attempt = self._attempt or self._start_attempt()
            await attempt.over.wait()
            if attempt.error is not None:
                raise CannotConnectError(str(attempt.error)) from attempt.error

    def _must_be_ours(self) -> None:
        """Where our tasks do not run, nobody would be answered; and what a forked process says here, its parent hears.

        RuntimeError, as of trio for whatever is used in the wrong place: no other attempt can succeed.
        """
        if self._process != os.getpid():
            where = "before this process was forked, and stays with its parent"
        elif self._run is not trio.lowlevel.current_trio_token():
            where = "in another trio.run, and cannot be used in this one"
        else:
            return
        raise RuntimeError(f"the client of {self._rota.names} was opened {where}: open one here")

    def _usable(self) -> tuple[Route, Session] | None:
        if self._current is None:
            return None
        route, session = self._current
        if not session.over and not session.retiring:
            return self._current
        self._draining = [session for session in self._draining if not session.over]
        if not session.over:
            if len(self._draining) >= MOST_DRAINING:
                return self._current
            self._draining.append(session)
        elif not session.retiring:
            self._rota.lost(route)
            self._pause()
        self._current = None
        return None

    def _pause(self) -> None:
        self._not_before = trio.current_time() + self._backoff.next_pause()

    @trio.lowlevel.enable_ki_protection
    def _start_attempt(self) -> Attempt:
        attempt = Attempt()
        self._nursery.start_soon(self._connect, attempt)
        return attempt

    @trio.lowlevel.enable_ki_protection
    async def _connect(self, attempt: Attempt) -> None:
        try:
            await trio.sleep_until(self._not_before)
            attempt.error = await self._try_each()
        except trio.Cancelled:
            self.close()
            raise
        except trio.ClosedResourceError:  # the new session's tasks came to an end, by what leaves our nursery anyway
            self.close()
        finally:
            self._attempt = None
            attempt.over.set()

    async def _try_each(self) -> Exception | None:
        """Connects to the first server that answers; else says what each had against it."""
        failures: list[CannotConnectError] = []
        for route in self._rota.order():
            try:
                session = await self._open_session(route)
            except (OSError, ClientError, NotSentError) as error:
                failures.append(told(route.server, str(error) or "the server hung up", error))
            except trio.TooSlowError as error:
                text = f"no greeting within {self._connect_timeout_seconds:g} seconds"
                failures.append(told(route.server, text, error))
            else:
                self._current = route, session
                self._rota.answered(route)
                self._backoff.reset()
                return None
        self._pause()
        return all_told(failures)

    async def _open_session(self, route: Route) -> Session:
        with trio.fail_after(self._connect_timeout_seconds):
            session = Session(await route.dial(), route.server, max_body=self._max_body, in_flight=self._in_flight)
            self._nursery.start_soon(session.run)
            try:
                # Without this option an exception reaches us as a bare failure, its text lost at the server.
                await session.ask(AwaitedSlot(Connection(Role.PEER).send(OptionReq(b"exceptions")), OptionRes))
            except BaseException:
                session.close(Loss(route.server, "the greeting was not answered"))
                raise
        return session

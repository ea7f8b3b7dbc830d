"""``--processes``: the process that starts the others, replaces one that ends, and passes on what it is told.

It is nothing but that: it accepts no connection, runs no event loop and knows no store. Each of the others is a broker
as it would be alone, on a socket of its own that shares the port; docs/decisions/0043-several-processes.md has the
reasons.
"""

import logging
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from signal import SIGCHLD, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, Signals
from typing import Any, Final, cast

from broker.announcing import announce
from broker.arriving import arriving, forget
from broker.binding import reserved
from broker.faults import advice
from broker.logs import NOTICE, Log
from broker.offspring import Offspring
from broker.orders import Orders
from broker.parent import Parent
from broker.pid_file import PidFileError, pid_file
from broker.running import OpenBroker, run_broker
from broker.service_manager import (
    ALIVE,
    PINGS_PER_INTERVAL,
    STOPPING,
    ServiceManager,
    ready,
    status,
    waits_for_store,
)
from broker.settings import Settings

_log: Final = logging.getLogger(__name__)

_ENDING: Final = (SIGTERM, SIGINT, SIGQUIT, SIGUSR1)
_PASSED_ON: Final = (*_ENDING, SIGHUP, SIGUSR2)
_HEARD: Final = (*_PASSED_ON, SIGCHLD)


def run_supervised(
    settings: Settings, open_broker: OpenBroker, log: Log, up: Callable[[], None], watchdog: float | None
) -> list[str]:
    """Run `settings.processes` brokers to their end; returns what went wrong with the start or the stop, a line each.

    `up` is called when all of them listen. `watchdog` is after how long a silence a process is taken for stuck.
    """
    try:
        with reserved(settings) as settings, arriving(_HEARD) as signals, ExitStack() as until_the_end:

            def work(link: socket.socket, is_first: bool) -> int:
                if not is_first:
                    log.leave_to_the_first()
                return _be_broker(settings, open_broker, log, link, watchdog)

            def announced(addresses: list[tuple[str, int]], data: str, who: str) -> None:
                until_the_end.enter_context(pid_file(settings.pid_file))
                announce(settings, addresses, data, who)
                up()

            return Supervisor(settings.processes, work, announced, log.reopen, signals, watchdog).run()
    except OSError as error:
        return [advice(error)]


def _be_broker(
    settings: Settings, open_broker: OpenBroker, log: Log, link: socket.socket, watchdog: float | None
) -> int:
    """The work of one process; returns its exit status."""
    parent = Parent(link, settings, watchdog)
    try:
        lines = run_broker(settings, open_broker, parent, Orders(settings.grace, pass_on=parent.shut_down), log.reopen)
    except Exception as error:
        log.tell_defect(error)
        raise
    if lines:
        parent.failed(lines)
    return 1 if lines else 0


class Supervisor:
    """All places, and what is done about them."""

    def __init__(
        self,
        processes: int,
        work: Callable[[socket.socket, bool], int],
        announced: Callable[[list[tuple[str, int]], str, str], None],
        reopen_log: Callable[[], None],
        signals: socket.socket,
        watchdog: float | None,
    ) -> None:
        """Nothing is started yet. `work` is told whether its process is in the first place."""
        self._places = [Offspring(number + 1, processes) for number in range(processes)]
        self._work = work
        self._announced = announced
        self._reopen_log = reopen_log
        self._signals = signals
        self._watchdog = watchdog
        self._ping_at = 0.0
        self._manager = ServiceManager()
        self._is_up = False
        self._stopping = False
        self._lines: list[str] = []
        self._selector = selectors.DefaultSelector()
        self._selector.register(signals, selectors.EVENT_READ, self._obey)

    def run(self) -> list[str]:
        """Start them all, and return when all have ended because that was ordered, or one could not start."""
        with self._selector:
            for place in self._places:
                if not self._stopping:
                    self._start(place)
            while not self._stopping or any(place.pid for place in self._places):
                for key, _ in self._selector.select(self._patience()):
                    key.data()
                self._do_what_is_due()
        return list(dict.fromkeys(self._lines))

    # --- what is due -----------------------------------------------------------------------------------------

    def _patience(self) -> float | None:
        due = [place.due_at for place in self._places if not place.pid and not self._stopping]
        if self._watchdog is not None:
            due.append(self._ping_at)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _do_what_is_due(self) -> None:
        now = time.monotonic()
        for place in self._places:
            if not self._stopping and place.due_at <= now:
                self._start(place)
        if self._watchdog is not None and now >= self._ping_at:
            self._manager.tell(ALIVE)
            self._ping_at = now + self._watchdog / PINGS_PER_INTERVAL
            for place in self._places:
                if place.is_up and now - place.heard_at > self._watchdog:
                    _log.error("%s has done nothing for %g s: it is killed", place.name, now - place.heard_at)
                    place.send(SIGKILL)

    def _start(self, place: Offspring) -> None:
        def work(link: socket.socket) -> int:
            self._forget()
            return self._work(link, place is self._places[0])

        try:
            link = place.start(work, _HEARD)
        except OSError as error:  # no descriptor, process or memory is left: those that serve must not end for that
            self._not_started(place, advice(error))
        else:
            self._selector.register(link, selectors.EVENT_READ, lambda: self._hear(place))

    def _forget(self) -> None:
        """In a new process: close what is the supervisor's alone. Its links above all, or its end went unnoticed."""
        forget(_HEARD)
        # A group in the background may write to the terminal all the same.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        self._selector.close()
        self._signals.close()
        for place in self._places:
            if place.link is not None:
                place.link.close()

    # --- what is heard ---------------------------------------------------------------------------------------

    def _hear(self, place: Offspring) -> None:
        """What one of them says, and whether it has ended: asked first, so that its last words are heard before."""
        status = place.ended()
        for said in place.hear():
            for about, what in said.items():
                self._told(place, about, what)
        if status is not None:
            self._gone(place, status)

    def _told(self, place: Offspring, about: str, what: object) -> None:
        if about == "up" and isinstance(what, dict):
            self._listens(place, what)
        elif about == "failed" and isinstance(what, list):
            place.lines = what
        elif about == "away":
            place.away = None if what is None else str(what)
            self._tell_status()
        elif about == "shutdown":
            self._order(SIGUSR1 if what else SIGTERM)

    def _listens(self, place: Offspring, where: dict[str, object]) -> None:
        place.is_up, place.told = True, ""
        if place.owed is not None:
            place.send(place.owed)
        if self._is_up:
            _log.log(NOTICE, "%s listens", place.name)
            self._tell_status()
        elif not self._stopping and all(each.is_up for each in self._places):
            self._all_listen(where)

    def _all_listen(self, where: dict[str, object]) -> None:
        addresses = [(host, port) for host, port in cast(list[list[Any]], where["addresses"])]
        others = ", ".join(str(place.pid) for place in self._places)
        try:
            self._announced(addresses, str(where["data"]), f"process {os.getpid()}, which supervises {others}")
        except PidFileError as error:
            self._fail([str(error)])
            return
        self._is_up = True
        self._manager.tell(ready(self._status()))

    def _status(self) -> str:
        listening = sum(place.is_up for place in self._places)
        away = next((place.away for place in self._places if place.away is not None), None)
        return waits_for_store(away) or f"{listening} of {len(self._places)} processes serve"

    def _tell_status(self) -> None:
        if self._is_up:
            self._manager.tell(status(self._status()))

    def _obey(self) -> None:
        for number in self._signals.recv(1024):
            if number == SIGCHLD:
                self._look_for_ends()
            elif number == SIGHUP:
                self._reopen_log()
                self._pass_on(number)
            elif number in _ENDING:
                self._order(number)
            else:
                self._pass_on(number)

    def _order(self, number: int) -> None:
        """Stop all, or make a stop come sooner. From now on nobody is replaced."""
        if not self._stopping and self._is_up:
            _log.log(NOTICE, "%s, stopping all processes", Signals(number).name)
            self._manager.tell(STOPPING)
        self._stopping = True
        for place in self._places:
            place.send(number)

    def _pass_on(self, number: int) -> None:
        """A signal that ends none; who is not ready for it gets it then."""
        for place in self._places:
            if place.is_up:
                place.send(number)
            else:
                place.owed = number

    # --- ends ------------------------------------------------------------------------------------------------

    def _look_for_ends(self) -> None:
        for place in self._places:
            if place.pid:
                self._hear(place)

    def _gone(self, place: Offspring, status: int) -> None:
        name, end, was_up = place.name, _words(status), place.is_up
        assert place.link is not None
        self._selector.unregister(place.link)
        place.leave()
        if self._stopping:
            self._lines += place.lines
            if status != 0 and -status not in _ENDING and not place.lines:
                self._lines.append(f"{name} {end} while it was to stop")
        elif was_up and self._is_up:
            self._replace(place, f"{name} {end}")
        elif self._is_up:
            self._not_started(place, "; ".join(place.lines) or end)
        else:
            self._fail(place.lines or [f"{name} {end} before it listened"])

    def _fail(self, lines: list[str]) -> None:
        """What kept one from starting keeps the others, or the server is not what was asked for."""
        self._lines += lines
        self._order(SIGTERM)

    def _not_started(self, place: Offspring, why: str) -> None:
        if self._is_up:
            self._replace(place, f"a new process cannot start ({why})")
        else:
            self._fail([why])

    def _replace(self, place: Offspring, why: str) -> None:
        seconds = place.pause()
        weight = logging.DEBUG if why == place.told else logging.WARNING
        _log.log(weight, "%s; the next one starts in %.2f s", why, seconds)
        place.told = why
        self._tell_status()


def _words(status: int) -> str:
    return f"was killed by {Signals(-status).name}" if status < 0 else f"has ended with status {status}"

"""A broker as a process of its own: background, user, limits, log, signals, pid file, and the exit status.

Knows nothing of what the broker does; `broker.start` hands it the real one. Exit status: 0 after a stop that
was asked for, 1 after a start that failed (as gearmand), and 1 with a traceback after a defect.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack
from typing import Final, Protocol

import trio

from broker.daemon import detached
from broker.faults import advice
from broker.file_limit import FileLimitError, set_file_limit
from broker.greeting import greeting
from broker.logs import FATAL, NOTICE, Log
from broker.orders import Orders
from broker.pid_file import PidFileError, pid_file
from broker.settings import Settings
from broker.signals import obeying_signals
from broker.sources import Reading
from broker.supervisor import READY, STOPPING, tell_supervisor
from broker.syslog import SyslogHandler
from broker.terminal import complain, show
from broker.tls import TlsError
from broker.user import UserError, become_user
from broker.version import VERSION
from persistence.errors import StoreError

_log: Final = logging.getLogger(__name__)


class Listening(Protocol):
    """A broker that is up."""

    @property
    def addresses(self) -> Sequence[tuple[str, int]]:
        """Where it listens: hosts and ports."""

    @property
    def data(self) -> str:
        """Where its data is, in one line."""


class OpenBroker(Protocol):
    """Opens a broker: up when the block begins, stopped as ordered when it ends, at once when it is cancelled."""

    def __call__(self, settings: Settings, *, orders: Orders) -> AbstractAsyncContextManager[Listening]:
        """Open it."""


def run(reading: Reading, open_broker: OpenBroker) -> int:
    """Run a broker until a signal ends it; returns the exit status. What it raises is a defect.

    With `settings.daemon` there are two processes inside this call, and it returns twice: in the one that was started
    as soon as the broker listens, and in the other at the broker's end.
    """
    if reading.settings.daemon:
        return detached(lambda up: _run(reading, open_broker, up))
    return _run(reading, open_broker, lambda: None)


def _run(reading: Reading, open_broker: OpenBroker, up: Callable[[], None]) -> int:
    try:
        set_file_limit(reading.settings.file_descriptors)  # before we are somebody who may not
        settings = become_user(reading.settings)
    except (FileLimitError, UserError) as error:
        complain(str(error))
        return 1
    orders, lines = Orders(settings.grace), list[str]()
    with Log(settings.log_file, settings.verbose, *([SyslogHandler(reading.name)] if settings.syslog else [])) as log:
        if settings.daemon and log.is_on_stderr and not settings.syslog:
            complain("--daemon: stderr ends when the broker listens, and the log with it; give --log-file or --syslog")
        for note in reading.notes:
            _log.warning("%s", note)
        try:
            trio.run(_serve, settings, open_broker, log, orders, up)
        except* (StoreError, PidFileError, TlsError) as group:
            lines += _lines(group)
        except* OSError as group:
            if orders.is_up:
                raise  # it was not the start that failed: this is a defect, and its traceback is needed
            lines += _lines(group)
        for line in dict.fromkeys(lines):
            complain(line)
            if log.is_file:
                _log.log(FATAL, "%s", line)
    return 1 if lines else 0


async def _serve(settings: Settings, open_broker: OpenBroker, log: Log, orders: Orders, up: Callable[[], None]) -> None:
    with ExitStack() as until_the_end:
        async with obeying_signals(orders, log.reopen):
            with orders.at_once:
                async with open_broker(settings, orders=orders) as broker:
                    # Kept until the broker has stopped, not until it is told to: who waits for the file to go
                    # means that.
                    until_the_end.enter_context(pid_file(settings.pid_file))
                    orders.is_up = True
                    lines = greeting(broker.addresses, broker.data)
                    where = lines.splitlines()[0]
                    _log.log(NOTICE, "trio-gearman %s, process %d. %s", VERSION, os.getpid(), where)
                    if not settings.daemon:
                        show(lines)
                    up()
                    tell_supervisor(READY)
                    await orders.stopping.wait()
                    tell_supervisor(STOPPING)


def _lines(group: BaseExceptionGroup[Exception]) -> Iterator[str]:
    """A line for each error in a group, however deep."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _lines(error)
        else:
            yield advice(error)

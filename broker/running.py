"""A broker from here to its end, in this process: what is obeyed meanwhile, and what is told of a start that failed.

Knows nothing of what the broker does, nor of whether this process is the only one: that is the `Surroundings`'.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import trio

from broker.faults import advice
from broker.logs import NOTICE
from broker.orders import Orders
from broker.pid_file import PidFileError
from broker.settings import Settings
from broker.signals import obeying_signals
from broker.tls import TlsError
from persistence.errors import StoreError
from persistence.io_wait import own_io_wait
from persistence.own_limits import room_for_a_socket

_log: Final = logging.getLogger(__name__)


class Listening(Protocol):
    """A broker that is up."""

    @property
    def addresses(self) -> Sequence[tuple[str, int]]:
        """Where it listens: hosts and ports."""

    @property
    def data(self) -> str:
        """Where its data is, in one line."""

    def watch_store(self, changed: Callable[[str | None], None]) -> None:
        """Call this when the store has gone out of reach, with the reason, and with None when it is back."""


class OpenBroker(Protocol):
    """Opens a broker: up when the block begins, stopped as ordered when it ends, at once when it is cancelled."""

    def __call__(self, settings: Settings, *, orders: Orders) -> AbstractAsyncContextManager[Listening]:
        """Open it."""


class Surroundings(Protocol):
    """Who wants to know how far the broker is."""

    def is_up(self, broker: Listening) -> None:
        """It listens. A PidFileError that is raised here ends the broker again, and the start has failed."""

    def is_stopping(self) -> None:
        """It has been told to end."""

    async def mind(self, orders: Orders) -> None:
        """A duty of the process, alongside the broker from before its start to its end. Endless."""


def run_broker(
    settings: Settings,
    open_broker: OpenBroker,
    surroundings: Surroundings,
    orders: Orders,
    reopen_log: Callable[[], None],
) -> list[str]:
    """Run a broker until it is ordered to end; returns why it could not start, a line each. What it raises: defects."""
    lines = list[str]()
    try:
        trio.run(_serve, settings, open_broker, surroundings, orders, reopen_log)
    except* (StoreError, PidFileError, TlsError) as group:
        lines += map(advice, _leaves(group))
    except* OSError as group:
        if orders.is_up:
            raise  # it was not the start that failed: this is a defect, and its traceback is needed
        lines += map(advice, _leaves(group))
    except* trio.TrioInternalError as group:
        refused = [each for error in group.exceptions for each in _leaves(error.__cause__) if room_for_a_socket(each)]
        if orders.is_up or not refused:
            raise
        lines += map(advice, refused)  # it had no room to begin
    return list(dict.fromkeys(lines))


async def _serve(
    settings: Settings,
    open_broker: OpenBroker,
    surroundings: Surroundings,
    orders: Orders,
    reopen_log: Callable[[], None],
) -> None:
    unwritten: PidFileError | None = None
    async with own_io_wait(), obeying_signals(orders, reopen_log), trio.open_nursery() as nursery:
        nursery.start_soon(surroundings.mind, orders)
        with orders.at_once:
            async with open_broker(settings, orders=orders) as broker:
                try:
                    surroundings.is_up(broker)
                except PidFileError as error:
                    unwritten = error  # raised in this block, it would spare the goodbye: others would take us for lost
                else:
                    orders.is_up = True
                    await orders.stopping.wait()
                    surroundings.is_stopping()
        if orders.is_up:
            _log.log(NOTICE, "stopped")
        nursery.cancel_scope.cancel()
    if unwritten is not None:
        raise unwritten


def _leaves(error: BaseException | None) -> Iterator[Exception]:
    """The errors in a group, however deep."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    elif isinstance(error, Exception):
        yield error

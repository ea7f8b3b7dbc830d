"""Signals, and the one task that obeys them.

As in gearmand (Gearman protocol: the gearmand command line): TERM and INT stop the broker at once, USR1
gracefully, HUP opens the log file again, PIPE is ignored, which Python sees to. Two that gearmand leaves to the
system, whose answer is to kill: QUIT is one more TERM, and USR2 is told to mean nothing.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from signal import SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, Signals
from typing import Final

import trio

from broker.logs import NOTICE
from broker.orders import Orders

_log: Final = logging.getLogger(__name__)


@asynccontextmanager
async def obeying_signals(orders: Orders, reopen_log: Callable[[], None]) -> AsyncIterator[None]:
    """Turn signals into orders, and HUP into a call, while the block lasts; afterwards they act as before.

    The block itself must wait for `Orders.stopping`, and do so inside `Orders.at_once`. An exception of the block
    comes out in an exception group, as from any nursery.
    """
    obedience: Mapping[int, Callable[[str], None]] = {
        SIGTERM: lambda name: stop_in_the_name_of(orders, name),
        SIGINT: lambda name: stop_in_the_name_of(orders, name),
        SIGQUIT: lambda name: stop_in_the_name_of(orders, name),
        SIGUSR1: lambda name: _stop_gracefully(orders, name),
        SIGUSR2: lambda name: _log.log(NOTICE, "%s means nothing here and is ignored", name),
        SIGHUP: lambda name: reopen_log(),
    }
    with trio.open_signal_receiver(*map(Signals, obedience)) as arriving:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_obey, arriving, obedience)
            yield
            nursery.cancel_scope.cancel()


async def _obey(arriving: AsyncIterator[int], obedience: Mapping[int, Callable[[str], None]]) -> None:
    """Run for ever: each signal as it comes."""
    async for number in arriving:
        obedience[number](Signals(number).name)


def stop_in_the_name_of(orders: Orders, name: str) -> None:
    """What TERM does; `name` is what did it."""
    if orders.is_leaving or not orders.is_up:
        _log.log(NOTICE, "%s, ending without a goodbye", name)
        orders.abandon()
        return
    if orders.stopping.is_set():
        _log.log(NOTICE, "%s, waiting no longer for running jobs", name)
    elif orders.seconds:
        _log.log(
            NOTICE, "%s, stopping; running jobs have %g s to end, another signal stops at once", name, orders.seconds
        )
    else:
        _log.log(NOTICE, "%s, stopping", name)
    orders.stop()


def _stop_gracefully(orders: Orders, name: str) -> None:
    if not orders.is_up:
        stop_in_the_name_of(orders, name)
    elif not orders.stopping.is_set():
        _log.log(
            NOTICE, "%s, stopping gracefully: no new connections, running jobs may end; SIGTERM ends it at once", name
        )
        orders.stop_gracefully()

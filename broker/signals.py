"""Signals, and the one task that obeys them.

TERM and INT stop the broker cleanly, a second one at once; HUP opens the log file again (Gearman protocol:
the gearmand command line).
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from typing import Final

import trio

from broker.logs import NOTICE

_log: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Orders:
    """What the signals have asked for so far."""

    stop: trio.Event = field(default_factory=trio.Event)
    """Set when the broker is to stop cleanly."""
    at_once: trio.CancelScope = field(default_factory=trio.CancelScope)
    """Cancelled when it is to stop and nothing else: everything that serves runs inside."""
    is_up: bool = False
    """Whether there is anything yet that can be stopped cleanly."""

    def halt(self) -> None:
        """One more TERM or INT."""
        if self.stop.is_set() or not self.is_up:
            self.at_once.cancel()
        self.stop.set()


@asynccontextmanager
async def obeying_signals(orders: Orders, reopen_log: Callable[[], None]) -> AsyncIterator[None]:
    """Turn TERM and INT into orders and HUP into a call while the block lasts; afterwards they act as before.

    The block itself must wait for `Orders.stop`, and do so inside `Orders.at_once`. An exception of the block
    comes out in an exception group, as from any nursery.
    """
    with trio.open_signal_receiver(SIGTERM, SIGINT, SIGHUP) as arriving:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_obey, arriving, orders, reopen_log)
            yield
            nursery.cancel_scope.cancel()


async def _obey(arriving: AsyncIterator[int], orders: Orders, reopen_log: Callable[[], None]) -> None:
    """Run for ever: each signal as it comes."""
    async for number in arriving:
        if number == SIGHUP:
            reopen_log()
        else:
            how = "at once" if orders.stop.is_set() else "cleanly; a second signal stops at once"
            _log.log(NOTICE, "%s, stopping %s", Signals(number).name, how)
            orders.halt()

"""The one process of a broker: it says itself where it listens, and keeps the pid file."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import trio

from broker.announcing import announce
from broker.early_signals import end_if_told_to, hear_no_more
from broker.logs import Log
from broker.orders import Orders
from broker.pid_file import pid_file
from broker.running import Listening, OpenBroker, run_broker
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

SERVES: Final = "Serves"


def run_alone(
    settings: Settings, open_broker: OpenBroker, log: Log, up: Callable[[], None], watchdog: float | None
) -> list[str]:
    """Run a broker to its end; returns why it could not start, a line each. `up` is called when it listens."""
    orders = Orders(settings.grace)
    # The pid file stays until the broker has stopped, not until it is told to: who waits for it to go means that.
    with ExitStack() as until_the_end:
        alone = _Alone(settings, up, watchdog, until_the_end)
        end_if_told_to()
        lines = run_broker(settings, open_broker, alone, orders, log.reopen)
        hear_no_more()
        return lines


class _Alone:
    """See broker.running.Surroundings."""

    def __init__(
        self, settings: Settings, up: Callable[[], None], watchdog: float | None, until_the_end: ExitStack
    ) -> None:
        self._settings = settings
        self._up = up
        self._watchdog = watchdog
        self._until_the_end = until_the_end
        self._manager = ServiceManager()

    def is_up(self, broker: Listening) -> None:
        self._until_the_end.enter_context(pid_file(self._settings.pid_file))
        announce(self._settings, broker.addresses, broker.data, f"process {os.getpid()}")
        self._up()
        self._manager.tell(ready(SERVES))
        broker.watch_store(lambda reason: self._manager.tell(status(waits_for_store(reason) or SERVES)))

    def is_stopping(self) -> None:
        self._manager.tell(STOPPING)

    async def mind(self, orders: Orders) -> None:
        """Say that the event loop turns. Whether the store answers is not said: no new process would heal that."""
        if self._watchdog is None:
            return
        while True:
            self._manager.tell(ALIVE)
            await trio.sleep(self._watchdog / PINGS_PER_INTERVAL)

"""The supervisor, as one of its processes sees it: what it is told, and what its end means.

One end of a socket pair. Lines of JSON go up; nothing comes down, for orders are signals, but its end does: then the
supervisor is gone, however it went, and nobody would stop this process or replace it.
"""

import json
import logging
import socket
from contextlib import suppress
from typing import Final

import trio

from broker.daemon import leave_the_terminal
from broker.orders import Orders
from broker.running import Listening
from broker.service_manager import PINGS_PER_INTERVAL
from broker.settings import Settings
from broker.signals import stop_in_the_name_of

_log: Final = logging.getLogger(__name__)

_RECEIVE_BYTES: Final = 1024


class Parent:
    """See broker.running.Surroundings, too."""

    def __init__(self, link: socket.socket, settings: Settings, watchdog: float | None) -> None:
        """Take our end of the link; `watchdog` is after how long a silence we are taken for stuck."""
        link.setblocking(False)
        self._link = link
        self._settings = settings
        self._watchdog = watchdog

    def is_up(self, broker: Listening) -> None:
        """Tell it where we listen."""
        if self._settings.daemon:
            leave_the_terminal()
        self._tell(up={"addresses": [list(address) for address in broker.addresses], "data": broker.data})
        broker.watch_store(lambda reason: self._tell(away=reason))

    def is_stopping(self) -> None:
        """It has told us so itself, or will see our end."""

    def failed(self, lines: list[str]) -> None:
        """Tell it why we could not start."""
        self._tell(failed=lines)

    def shut_down(self, gracefully: bool) -> None:
        """Somebody asked us for the end of the server: let it order that."""
        self._tell(shutdown=gracefully)

    async def mind(self, orders: Orders) -> None:
        """Say that the event loop turns, and stop when the supervisor is gone."""
        async with trio.open_nursery() as nursery:
            if self._watchdog is not None:
                nursery.start_soon(self._beat, self._watchdog / PINGS_PER_INTERVAL)
            await self._gone()
            _log.warning("the supervisor is gone: this process stops, too")
            stop_in_the_name_of(orders, "the supervisor's end")

    async def _beat(self, seconds: float) -> None:
        while True:
            self._tell(alive=True)
            await trio.sleep(seconds)

    async def _gone(self) -> None:
        said = b"?"
        while said:
            await trio.lowlevel.wait_readable(self._link)
            try:
                said = self._link.recv(_RECEIVE_BYTES)
            except ConnectionError:
                return

    def _tell(self, **words: object) -> None:
        # A supervisor that is gone, or has not read for 200 kB, is told nothing.
        with suppress(OSError):
            self._link.send(json.dumps(words).encode() + b"\n")

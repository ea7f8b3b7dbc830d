"""The alarm queues scheduled jobs when their time has come.

Redis's clock decides; what is kept here is only when to ask next. Every broker keeps an alarm for every function:
two that ring at once do no harm, and none that dies takes a job's time with it.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import trio

from persistence.errors import StoreError
from persistence.functions import Function
from persistence.in_reach import AT_ONCE, each_in_reach
from persistence.keys import digest_of
from persistence.link import Link
from persistence.replies import expect_bytes, expect_int, expect_list
from persistence.scripts import DUE
from persistence.way import Way

log = logging.getLogger(__name__)

DUE_STEPS: Final = 100
"""Jobs queued per script: few enough that Redis serves others in between."""
RETRY_SECONDS: Final = 0.5
ROUND_SECONDS: Final = 30.0
"""How often every function is asked: what a broker scheduled that died since is learnt then at the latest."""


class Alarm:
    """Knows when the next scheduled job of each function is due."""

    def __init__(self, link: Link, bulk: Way) -> None:
        self._link = link
        self._bulk = bulk
        self._due: dict[bytes, float] = {}
        self._changed = trio.Event()
        self._round_at = -math.inf

    def look_again(self, function: Function) -> None:
        """A scheduled job of this function may be due earlier than we know."""
        self._due[function.name] = -math.inf
        self._changed.set()

    def look_everywhere(self) -> None:
        """We may have missed anything: ask every function."""
        self._round_at = -math.inf
        self._changed.set()

    async def run(self) -> None:
        """The duty. Endless; cancelled at any point it leaves nothing half done, each script being whole."""
        while True:
            self._changed = trio.Event()
            try:
                await self._ring()
            except StoreError as error:
                log.debug("the alarm could not ask Redis: %s", error)
                await trio.sleep(RETRY_SECONDS)
            next_at = min(self._due.values(), default=math.inf)
            with trio.move_on_at(min(next_at, self._round_at + ROUND_SECONDS)):
                await self._changed.wait()

    async def _ring(self) -> None:
        now = trio.current_time()
        tag = self._link.keys.tag
        asks: dict[bytes, Callable[[bytes], Awaitable[None]]] = {
            tag(digest_of(name)): partial(self._ask, name) for name, at in self._due.items() if at <= now
        }
        if now >= self._round_at + ROUND_SECONDS:
            asks[self._link.keys.functions] = self._ask_all
        await each_in_reach(self._bulk, asks, lambda key: asks[key](key), AT_ONCE)

    async def _ask_all(self, listed_in: bytes) -> None:
        names = await self._bulk.ask(b"HVALS", listed_in)
        self._due.update(dict.fromkeys(map(expect_bytes, expect_list(names)), -math.inf))
        self._round_at = trio.current_time()

    async def _ask(self, name: bytes, tag: bytes) -> None:
        del self._due[name]  # whoever says from here on that we must look again says it of what we may not see
        milliseconds = 0
        try:
            while milliseconds == 0:
                milliseconds = expect_int(await self._bulk.ask(*DUE.call(tag, DUE_STEPS)))
        except StoreError:
            self._due[name] = -math.inf
            raise
        if milliseconds > 0:
            self._due[name] = min(self._due.get(name, math.inf), trio.current_time() + milliseconds / 1000)

"""How a pipe bears with a Redis that is away: how long, and what it takes for an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import trio

from persistence.backoff import Backoff
from persistence.errors import NoRoomError, StoreError, StoreRefusedError, StoreUnavailableError
from persistence.options import RedisOptions
from persistence.outage import Outage

PASSING: Final = frozenset(
    {"LOADING", "BUSY", "MASTERDOWN", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN"}
)
"""Refusals that heal without a change of our configuration."""

STOOD_SECONDS: Final = 1.0
"""A connection that broke sooner was no success: the delays grow on, lest we reconnect 20 times a second."""


@dataclass(slots=True, eq=False)
class Hope:
    """Somebody waits for an answer, as long as there may be one."""

    scope: trio.CancelScope
    dashed_by: StoreError | None = None


class Patience:
    """Decides after each attempt to connect whether there is another, and when.

    Until the first success there is an end to it, `connect_timeout_seconds` after the first attempt, or at
    once for a refusal that only the operator can heal: a broker that starts wrongly configured should say
    so and stop. Afterwards there is none: an operator who rotates a password does not want his brokers
    gone.
    """

    def __init__(
        self, name: str, options: RedisOptions, backoff: Backoff | None = None, outage: Outage | None = None
    ) -> None:
        self._name = name
        self._outage = outage or Outage(options.address)
        self._options = options
        self._timeout_seconds = options.connect_timeout_seconds
        self._backoff = backoff or Backoff()
        self._give_up_at: float | None = None
        self._ever_connected = False
        self._connected_at: float | None = None
        self._reason: StoreError | None = None
        self._pause_seconds = 0.0
        self.in_vain: StoreError | None = None
        """Why the last attempt came to nothing; None while a connection stands, or has just broken."""
        self._hopes: list[Hope] = []

    @contextmanager
    def hoping(self) -> Iterator[None]:
        """End the block by a StoreError as soon as an attempt comes to nothing; at once if the last one did.

        The block is cancelled: what was posted in it stays posted.
        """
        if self.in_vain is not None:
            raise self.in_vain.with_traceback(None)  # it is raised many times, and would keep the way of each
        hope = Hope(trio.CancelScope())
        self._hopes.append(hope)
        try:
            with hope.scope:
                yield
        finally:
            self._hopes.remove(hope)
        if hope.scope.cancelled_caught and hope.dashed_by is not None:
            raise hope.dashed_by.with_traceback(None)

    def begin(self) -> float:
        """An attempt begins; by when it must have led to a greeted connection (trio's clock)."""
        attempt_ends = trio.current_time() + self._timeout_seconds
        if self._ever_connected:
            return attempt_ends
        if self._give_up_at is None:
            self._give_up_at = attempt_ends
        return min(attempt_ends, self._give_up_at)

    def connected(self) -> None:
        """An attempt led to a connection that is ready."""
        self._ever_connected = True
        self._connected_at = trio.current_time()
        self.in_vain = None
        self._outage.connected(self._name)

    def verdict(self, error: StoreError) -> StoreError | None:
        """An attempt, or the connection it led to, ended so. What to raise; None: pause, and begin again."""
        now = trio.current_time()
        in_vain = self._connected_at is None
        if in_vain:
            self.in_vain = error
            for hope in self._hopes:
                hope.dashed_by = error
                hope.scope.cancel()
        if self._connected_at is not None and now - self._connected_at > STOOD_SECONDS:
            self._backoff.reset()
        self._connected_at = None
        self._pause_seconds = self._backoff.next_seconds()
        if not self._ever_connected:
            if _is_final(error):
                return error
            if isinstance(error, StoreRefusedError) and error.word == "LOADING":
                self._give_up_at = None
            elif self._give_up_at is not None and now + self._pause_seconds >= self._give_up_at:
                # The last attempt had only what was left of the time: what it hit its end with says little.
                cut_short = now >= self._give_up_at
                return self._given_up((cut_short and self._reason) or error)
        self._reason = error
        if in_vain:
            self._outage.failed(self._name, error)
        else:
            self._outage.broke(self._name, error)
        return None

    def _given_up(self, reason: StoreError) -> StoreUnavailableError:
        """What was met last, for whoever started us: with the place, and with what can be done about it."""
        if isinstance(reason, NoRoomError):
            return reason
        options, text = self._options, str(reason)
        what = f"cannot use Redis at {options.address}"
        if isinstance(reason, StoreRefusedError):
            return StoreUnavailableError(what, because=reason)
        if options.address in text or options.locator is not None:  # sentinels are named one by one
            return StoreUnavailableError(text)
        # Something took our call, and hung up.
        hint = "" if options.tls else " (does it speak TLS? then the URL begins with rediss://)"
        return StoreUnavailableError(f"{what}: {text}{hint}")

    async def pause(self) -> None:
        """Wait until the next attempt is due."""
        await trio.sleep(self._pause_seconds)


def _is_final(error: StoreError) -> bool:
    if isinstance(error, StoreRefusedError):
        return error.word not in PASSING
    return not isinstance(error, StoreUnavailableError)

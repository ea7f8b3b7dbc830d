"""What a broker has been told about its end, whoever told it: a signal, a text command, the program around it.

There are three ways to end, and an order can only make the end come sooner:

| Order | New connections | What runs | Redis |
|---|---|---|---|
| `Orders.stop_gracefully` | refused | may end, on the connections there are | is told goodbye |
| `Orders.stop` | refused | is given back to the head of its queue, unless there is a grace time | is told goodbye |
| `Orders.abandon` | refused | comes back when others find us gone, or when we start again | finds out by itself |

A shutdown is for all processes of a server, and is passed on where there are several; the others are for this one.
docs/decisions/0030-how-a-broker-ends.md has the reasons.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio


class Orders:
    """How this broker is to end. Decides; whoever serves waits for `stopping`, and lets jobs end in `patience`."""

    def __init__(self, grace_seconds: float | None = None, *, pass_on: Callable[[bool], None] | None = None) -> None:
        """Nothing has been ordered yet.

        Args:
            grace_seconds: how long running jobs get to end; None is for ever at a graceful stop, else no time.
            pass_on: who shuts down the whole server of which this broker is one process, gracefully or not; None: this
                is all of it.
        """
        self.stopping = trio.Event()
        """Set by the first order."""
        self.at_once = trio.CancelScope()
        """Cancelled by `abandon`: in a process of our own, everything runs inside."""
        self.is_up = False
        """Whether there is anything yet that can be stopped cleanly."""
        self._grace_seconds = grace_seconds
        self._gracefully = False
        self._pass_on = pass_on
        self._patience = trio.CancelScope()

    @property
    def seconds(self) -> float:
        """How long running jobs get to end, as things stand."""
        if self._grace_seconds is not None:
            return self._grace_seconds
        return math.inf if self._gracefully else 0.0

    @property
    def is_leaving(self) -> bool:
        """Whether the wait for running jobs is over, or there will be none: all that is left is to say goodbye."""
        return self._patience.cancel_called

    def stop_gracefully(self) -> None:
        """Listen no more, let what runs end, then stop. After another order it changes nothing."""
        if not self.stopping.is_set():
            self._gracefully = True
            self.stopping.set()

    def stop(self) -> None:
        """Stop now, or after the grace time if there is one. After another order: stop waiting for what runs."""
        if self.stopping.is_set() or not self._grace_seconds:
            self._patience.cancel()
        self.stopping.set()

    def shut_down(self, *, gracefully: bool) -> None:
        """The server is to end: this broker, and those that are its other processes, whose orders come to each."""
        if self._pass_on is not None:
            self._pass_on(gracefully)
        elif gracefully:
            self.stop_gracefully()
        else:
            self.stop()

    def abandon(self) -> None:
        """Stop without a goodbye."""
        self.at_once.cancel()
        self.stopping.set()

    @contextmanager
    def patience(self) -> Iterator[None]:
        """Wait for running jobs inside this block: it ends when no more time is to be given to them."""
        self._patience.deadline = trio.current_time() + self.seconds
        with self._patience:
            yield
        self._patience.cancel()  # from here on nobody need be told to hurry: see `is_leaving`

"""Waiting for a job that nobody waits for: the protocol has no packet for it, so we ask until it is over."""

from typing import Protocol

import trio

from client.errors import CannotConnectError, ConnectionLostError
from client.records import Status

__all__ = ["wait_until_over"]

FIRST_PAUSE_SECONDS = 0.05  # most jobs are short, and a question costs a server next to nothing
LONGEST_PAUSE_SECONDS = 2.0
SLOWER = 1.5


class AsksForStatus(Protocol):
    """A client, as far as it is needed here."""

    async def status(self, handle: bytes | str) -> Status:
        """How the job stands."""
        ...


async def wait_until_over(client: AsksForStatus, handle: bytes | str) -> None:
    """Returns when the server does not know the job any more; a lost question is asked again, for that is safe."""
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        try:
            if not (await client.status(handle)).known:
                return
        except (ConnectionLostError, CannotConnectError):
            pause_seconds = FIRST_PAUSE_SECONDS  # the connection has pauses of its own
        await trio.sleep(pause_seconds)
        pause_seconds = min(pause_seconds * SLOWER, LONGEST_PAUSE_SECONDS)

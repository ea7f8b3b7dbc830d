"""Waiting for a job that nobody waits for: the protocol has no packet for it, so we ask until it is over."""

from typing import Protocol

import trio

from client.errors import CannotConnectError, ConnectionLostError, RefusedError
from client.pauses import STORE_IS_AWAY, Pauses
from client.records import Status

__all__ = ["wait_until_over"]


class AsksForStatus(Protocol):
    """A client, as far as it is needed here."""

    async def status(self, handle: bytes | str) -> Status:
        """How the job stands."""
        ...


async def wait_until_over(client: AsksForStatus, handle: bytes | str) -> None:
    """Returns when the server does not know the job any more.

    A question that was lost, or refused while the store was away, is asked again, for that is safe.
    """
    pauses = Pauses()
    while True:
        try:
            if not (await client.status(handle)).known:
                return
        except (ConnectionLostError, CannotConnectError):
            pauses.reset()  # the connection has pauses of its own
        except RefusedError as error:
            if error.code != STORE_IS_AWAY:
                raise
        await trio.sleep(pauses.next_seconds())

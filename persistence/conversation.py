"""Asks on a pipe that runs what is asked on a new connection before it is ready: in front of all that waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from persistence.asking_all import replies_to
from persistence.errors import StoreError
from persistence.pipe import Pipe
from persistence.replies import Command, Reply

PATIENCE_SECONDS = 5.0
"""As long as a submit waits."""


class Conversation:
    """`persistence.handshake.Ask` on a running pipe. A cancelled question may have been answered."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def __call__(self, *command: bytes | str | int) -> Reply:
        """See persistence.handshake.Ask."""
        (reply,) = await self.many([command])
        if isinstance(reply, StoreError):
            raise reply
        return reply

    async def many(self, commands: Sequence[Command]) -> list[Reply]:
        """See persistence.handshake.Ask."""
        return await replies_to(self._pipe, commands, PATIENCE_SECONDS)

"""Waiting for what a server knows, by asking it until it does; each question is a round trip."""

import trio

from client import Client

__all__ = ["until_waited_for"]

PATIENCE_SECONDS = 20.0


async def until_waited_for(watcher: Client, unique: str, *, by: int) -> None:
    """Returns when so many clients wait for the job with this unique."""
    with trio.fail_after(PATIENCE_SECONDS):
        while (await watcher.status_by_unique(unique)).clients != by:
            pass

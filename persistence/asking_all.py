"""Several questions in one trip."""

from collections.abc import Sequence

import trio

from persistence.errors import StoreError
from persistence.replies import Command, Reply
from persistence.way import Way


async def ask_all(pipe: Way, commands: Sequence[Command], timeout_seconds: float) -> list[Reply]:
    """The replies to commands that leave in one write. Cancelled, they may be executed nonetheless.

    Raises StoreError: the first of those that came in the place of a reply.
    """
    replies = await replies_to(pipe, commands, timeout_seconds)
    for reply in replies:
        if isinstance(reply, StoreError):
            raise reply
    return replies


async def replies_to(pipe: Way, commands: Sequence[Command], timeout_seconds: float) -> list[Reply]:
    """The same with errors among the replies, in the order of the commands."""
    if not commands:
        await trio.lowlevel.checkpoint()
        return []
    replies: list[Reply] = []
    answered = trio.Event()

    def answer(reply: Reply) -> None:
        replies.append(reply)
        if len(replies) == len(commands):
            answered.set()

    deadline = trio.current_time() + timeout_seconds
    for command in commands:
        pipe.post(command, answer, deadline=deadline)
    await answered.wait()
    return replies

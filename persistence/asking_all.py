"""Several questions in one trip."""

from collections.abc import Sequence
from functools import partial

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
    """The same with errors among the replies, in the order of the commands: nodes of a cluster answer in any."""
    if not commands:
        await trio.lowlevel.checkpoint()
        return []
    replies: dict[int, Reply] = {}
    answered = trio.Event()

    def answer(place: int, reply: Reply) -> None:
        replies[place] = reply
        if len(replies) == len(commands):
            answered.set()

    deadline = trio.current_time() + timeout_seconds
    for place, command in enumerate(commands):
        pipe.post(command, partial(answer, place), deadline=deadline)
    await answered.wait()
    return [replies[place] for place in range(len(commands))]

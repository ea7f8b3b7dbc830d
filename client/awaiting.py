"""Waiting with trio for what a connection tells: the answer to a request, the news of a job."""

from collections.abc import Callable
from typing import ClassVar

import trio

from client.attachment import Attachment, News
from client.loss import Loss
from client.slot import Answer, Slot
from protocol import Error

__all__ = ["AwaitedAttachment", "AwaitedSlot", "closed_by_us"]


def closed_by_us(server: str, reason: str) -> Loss:
    """The end of a connection whose client was closed."""
    return Loss(server, reason, closed=trio.ClosedResourceError)


class AwaitedAttachment(Attachment):
    """A tie to a job, for tasks that wait for its news and its end."""

    closed_error: ClassVar[type[Exception]] = trio.ClosedResourceError

    def __init__(self, sink: Callable[[News], None]) -> None:
        super().__init__(sink)
        self._lot = trio.lowlevel.ParkingLot()

    def wake(self) -> None:
        """Whoever waits looks again."""
        self._lot.unpark_all()

    async def wait_news(self) -> None:
        """Returns when there is something new to look at; cancelled, nothing has changed."""
        if self.over:
            await trio.lowlevel.checkpoint()
        else:
            await self._lot.park()

    async def wait_end(self) -> bytes:
        """Returns what came with WORK_COMPLETE; raises as `result` does. Cancelled: may be called again."""
        await trio.lowlevel.checkpoint()
        while not self.over:
            await self._lot.park()
        return self.result()


class AwaitedSlot(Slot):
    """A request, for a task that waits for its answer."""

    __slots__ = ("_answered",)

    def __init__(self, data: bytes, expected: type[Answer], attachment: AwaitedAttachment | None = None) -> None:
        super().__init__(data, expected, attachment)
        self._answered = trio.Event()

    def settle(self, outcome: Answer | Error | Loss) -> None:
        """As for every slot; whoever waits goes on."""
        self._answered.set()
        super().settle(outcome)

    async def wait(self) -> Answer:
        """The answer; raises as `answer` does. Cancelled: it is dropped when it comes."""
        await self._answered.wait()
        return self.answer()

    async def wait_settled(self) -> None:
        """Returns when the answer is here, or will not come."""
        await self._answered.wait()

"""One command on its way through a cluster, from `post` to its answer: perhaps over several nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from persistence.errors import StoreUnavailableError
from persistence.replies import Answer, Command, Reply

if TYPE_CHECKING:
    from persistence.cluster.slot import Slot


class Routed:
    """A command and what its caller is told. Compare `persistence.posted.Posted`, which has only one way to go.

    Attributes:
        firm: it goes on the second pipe of whichever node.
        flies: it is at a node, and the answer is still to be heard.
        sent: it came back from a node that may have done it, and will not say so: no later refusal takes that away.
    """

    __slots__ = ("again", "answer", "command", "deadline", "firm", "flies", "late", "sent", "size", "slot")

    def __init__(
        self,
        slot: Slot,
        command: Command,
        answer: Answer,
        again: Callable[[], Command] | None,
        deadline: float | None,
        late: Answer | None,
        firm: bool,
    ) -> None:
        self.slot = slot
        self.size = sum(len(part) for part in command if isinstance(part, bytes))
        self.command = command if again is None else None
        self.answer: Answer | None = answer
        self.again = again
        self.deadline = deadline
        self.late = late
        self.firm = firm
        self.flies = False
        self.sent = False

    def made(self) -> Command:
        """The command, to be sent now."""
        if self.command is not None:
            return self.command
        assert self.again is not None
        return self.again()

    def settle(self, reply: Reply) -> None:
        """The reply is there: for the caller, for who wants to hear late ones, or for nobody."""
        answer = self.answer
        if answer is not None:
            self.answer = None
            answer(reply)
        elif self.late is not None:
            self.late(reply)

    def give_up(self, text: str) -> None:
        """Tell the caller that no answer came (in time), or, if that was said before, that none will come."""
        self.settle(StoreUnavailableError(text, sent=self.sent or self.flies))

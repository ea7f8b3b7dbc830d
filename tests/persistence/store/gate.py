"""A gate between broker and Redis: it does something right before a command of a kind passes, or lets it not pass."""

from collections.abc import Callable

import trio

from persistence.replies import pack
from persistence.scripts import Script
from tests.faults.proxy import Pass, Proxy, Wire
from tests.faults.trap import Conversation


class Gate(Proxy):
    """Passes commands one by one.

    Attributes:
        kind: before which commands `act` is called: those whose first word, or script, this is.
        act: says whether the command is to pass; if not, the connection is cut.
        longest: of how many parts the longest command was that passed.
    """

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.kind = b""
        self.act: Callable[[], bool] = lambda: True
        self.longest = 0
        self._conversations: dict[Wire, Conversation] = {}

    async def say(self, wire: Wire, data: bytes, on: Pass) -> None:
        for command in self._conversations.setdefault(wire, Conversation()).commands(data):
            if self.kind in (command[0], command[1] if len(command) > 1 else b"") and self.kind and not self.act():
                wire.cut()
                raise trio.ClosedResourceError
            self.longest = max(self.longest, len(command))
            await on(pack(tuple(command)))

    def before(
        self, kind: bytes | Script, act: Callable[[], object], *, then_cut: bool = False, times: int = 1
    ) -> None:
        """Do this before the next commands of a kind; a cut lets none of them pass."""
        counted = 0

        def acts() -> bool:
            nonlocal counted
            counted += 1
            if counted <= times:
                act()
            return not then_cut or counted > times

        self.kind, self.act = kind.sha if isinstance(kind, Script) else kind, acts

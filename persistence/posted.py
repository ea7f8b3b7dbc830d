"""One command on its way through a pipe, from `post` to its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from persistence.errors import StoreError, StoreUnavailableError
from persistence.replies import Answer, Command, Reply, pack, pack_in_pieces

CONFIRMED_BY_PUSH: Final[dict[bytes | str | int, bytes]] = {
    spelled: verb.lower()
    for verb in (b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"UNSUBSCRIBE", b"PUNSUBSCRIBE", b"SUNSUBSCRIBE")
    for spelled in (verb, verb.lower(), verb.decode(), verb.decode().lower())
}
"""Commands that RESP3 answers with a push message per channel, of this kind; a reply is an error."""

_IN_PIECES: Final = b""
_UNUSUAL: Final = {**CONFIRMED_BY_PUSH, b"SET": _IN_PIECES, "SET": _IN_PIECES}
"""Those, and the one command that carries what is long."""


class Confirmations:
    """The push messages that a subscribing command still waits for."""

    __slots__ = ("channels", "kind")

    def __init__(self, kind: bytes, command: Command) -> None:
        # Without channels, UNSUBSCRIBE means all there are: how many pushes would follow, nobody can tell.
        if len(command) < 2:
            raise ValueError(f"{kind.decode()} must name its channels")
        self.kind = kind
        self.channels = {part if isinstance(part, bytes) else str(part).encode() for part in command[1:]}

    def take(self, push: list[Reply]) -> bool:
        """Whether this push confirms one of our channels; it is crossed out then."""
        if push[0] != self.kind or push[1] not in self.channels:
            return False
        self.channels.discard(push[1])
        return True


class Posted:
    """A posted command and what its caller is told. Plain slots, no checks: 50,000 are made a second."""

    __slots__ = ("again", "answer", "confirmations", "deadline", "late", "packed", "sent", "size")

    def __init__(
        self,
        command: Command,
        answer: Answer,
        again: Callable[[], Command] | None = None,
        deadline: float | None = None,
        late: Answer | None = None,
    ) -> None:
        # Packed at once, not when it is sent: the caller hears of a wrong argument, the waiting bytes can be
        # counted, and the payload is not held twice. It costs the same.
        self.packed: bytes | list[bytes] | None = self._make(command)
        self.answer: Answer | None = answer
        self.again = again
        self.deadline = deadline
        self.late = late
        self.sent = False

    def _make(self, command: Command) -> bytes | list[bytes]:
        kind = _UNUSUAL.get(command[0])
        if kind == _IN_PIECES:
            self.confirmations = None
            pieces = pack_in_pieces(command)
            self.size = sum(map(len, pieces))
            return pieces if len(pieces) > 1 else pieces[0]
        self.confirmations = None if kind is None else Confirmations(kind, command)
        packed = pack(tuple(command))
        self.size = len(packed)
        return packed

    def leave(self, pieces: list[bytes]) -> None:
        """Append the bytes to send now, several pieces if some are long; from here on it counts as sent.

        A command kept over a break is made anew.
        """
        packed = self.packed
        if packed is None:
            assert self.again is not None
            packed = self._make(self.again())
        self.packed = None
        self.sent = True
        if isinstance(packed, bytes):
            pieces.append(packed)
        else:
            pieces += packed

    def settle(self, reply: Reply) -> None:
        """The reply is there: for the caller, for who wants to hear late ones, or for nobody."""
        answer = self.answer
        if answer is not None:
            self.answer = None
            answer(reply)
        elif self.late is not None:
            self.late(reply)

    def give_up(self, text: str, because: StoreError | None = None) -> None:
        """Tell the caller that no answer came (in time), or, if that was said before, that none will come."""
        self.settle(StoreUnavailableError(text, sent=self.sent, because=because))

"""Where a dialogue is performed: its connections to one server, and what they say and hear, line by line."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import trio

from tests.dialogues.cast import Cast
from tests.dialogues.notation import Dialogue, Step, Verb
from tests.dialogues.peer import CLOSED, Peer
from tests.dialogues.spelling import TEXT, TYPES, Heard, header, packet, words_of
from tests.processes import ServerProcess

__all__ = ["DialogueError", "perform"]

PROMPTER: Final = "PROMPTER"
"""A connection of the stage's own."""
IO_THREADS: Final = 4
"""How many threads of gearmand serve connections, unless it is told otherwise."""


class DialogueError(AssertionError):
    """The server did not say what the dialogue wants; the message is the dialogue up to there."""


async def perform(dialogue: Dialogue, kind: str, server: ServerProcess, patience_seconds: float) -> None:
    """Hold a dialogue with a server.

    Args:
        dialogue: what is to be said.
        kind: "ours" or "gearmand".
        server: a running one, of that kind.
        patience_seconds: how long an answer may take.

    Raises:
        DialogueError: something else was heard, or nothing in time.
    """
    done: list[str] = []
    async with _open_stage(server, dialogue.alone) as stage:
        for step in dialogue.steps(kind):
            done.append(str(step))
            try:
                with trio.fail_after(patience_seconds):
                    await stage.play(step)
            except DialogueError as error:
                raise DialogueError("\n    ".join(["", *done, f"but {error}"])) from None
            except trio.TooSlowError:
                raise DialogueError("\n    ".join(["", *done, "but nothing came"])) from None
        try:
            with trio.fail_after(patience_seconds):
                await stage.curtain()
        except (DialogueError, trio.TooSlowError) as error:
            raise DialogueError("\n    ".join(["", *done, f"and then {error}"])) from None


@asynccontextmanager
async def _open_stage(server: ServerProcess, alone: bool) -> AsyncIterator["Stage"]:
    stage = Stage(server, alone)
    try:
        yield stage
    finally:
        await stage.aclose()


class Stage:
    """The connections of one performance."""

    def __init__(self, server: ServerProcess, alone: bool) -> None:
        self._server = server
        self._alone = alone
        self._cast = Cast()
        self._peers: dict[str, Peer] = {}
        self._last = ""

    async def play(self, step: Step) -> None:
        """Do one line. What the one before said is dealt with before another peer has its turn."""
        if step.peer != self._last:
            await self._settle(self._last)
        self._last = step.peer
        peer = await self._peer(step.peer)
        if step.verb is Verb.SAYS:
            await self._say(peer, step.what)
        else:
            await self._hear(step.peer, peer, step.what)

    async def curtain(self) -> None:
        """The end: nobody has heard anything more, and the server is there for the next dialogue."""
        for name, peer in tuple(self._peers.items()):
            if not (peer.gone or peer.torn):
                await self._hear_nothing(name)
        if not self._alone:
            try:
                prompter = await self._peer(PROMPTER)
            except OSError:
                raise DialogueError("the server is gone") from None
            await prompter.settle(None)
            if prompter.gone:
                raise DialogueError("the server is gone")

    async def aclose(self) -> None:
        """Hang up, all of them."""
        for peer in self._peers.values():
            await peer.aclose()

    async def _peer(self, name: str) -> Peer:
        if name not in self._peers:
            self._peers[name] = Peer(await trio.open_tcp_stream(self._server.host, self._server.port))
        return self._peers[name]

    async def _settle(self, name: str, *, surely: bool = False) -> None:
        peer = self._peers.get(name)
        if peer is not None and not (peer.gone or peer.torn) and (surely or peer.unsettled):
            await peer.settle(self._cast.handle)

    # --- what is said -----------------------------------------------------------------------------------------

    async def _say(self, peer: Peer, what: str) -> None:
        if what == "hang up":
            await peer.hang_up()
            await self._see_it_gone()
        elif what == "end":
            await peer.end()
        elif what.startswith("drip "):
            for byte in self._said(peer, what.removeprefix("drip ")):
                await peer.say(bytes([byte]))
        else:
            await peer.say(b"".join(self._said(peer, part) for part in what.split(" + ")))

    async def _see_it_gone(self) -> None:
        """Let a server that closes first and cleans up then have done so.

        gearmand's threads take connections in turns, so these come to each of them; what is asked on one that the
        thread of the closed connection has taken, is asked behind its end.
        """
        for _ in range(IO_THREADS):
            peer = Peer(await trio.open_tcp_stream(self._server.host, self._server.port))
            try:
                await peer.settle(self._cast.handle)
            finally:
                await peer.aclose()

    def _said(self, peer: Peer, what: str) -> bytes:
        kind, _, rest = what.partition(" ")
        if kind == TEXT:
            return self._cast.spell(rest) + b"\r\n"
        peer.torn = peer.torn or kind in ("bytes", "head") or kind.endswith("!")
        if kind == "bytes":
            return self._cast.spell(rest)
        if kind == "head":
            named, length = rest.split()
            return header(named, int(length))
        return packet(kind, [self._cast.spell(word) for word in words_of(kind, rest)])

    # --- what is heard ----------------------------------------------------------------------------------------

    async def _hear(self, name: str, peer: Peer, what: str) -> None:
        kind, _, rest = what.partition(" ")
        if what == "nothing":
            await self._hear_nothing(name)
        elif what == "no answer":
            await self._hear_no_answer(name)
        elif kind == "list":
            await self._hear_list(peer, rest)
        elif kind == TEXT:
            await self._hear_line(peer, rest)
        else:
            for part in what.split(" + "):
                await self._hear_packet(peer, part)

    async def _hear_nothing(self, name: str) -> None:
        for other in self._peers:
            await self._settle(other, surely=other != name)
        await self._settle(name, surely=True)
        peer = self._peers[name]
        if peer.unheard:
            raise DialogueError(f"{name} heard {', '.join(map(str, peer.unheard))}")

    async def _hear_no_answer(self, name: str) -> None:
        await self._settle(name, surely=True)
        peer = self._peers[name]
        if peer.unheard not in ([], [CLOSED]):
            raise DialogueError(f"{name} heard {', '.join(map(str, peer.unheard))}")

    async def _hear_packet(self, peer: Peer, what: str) -> None:
        heard = await peer.hear()
        name, _, rest = what.partition(" ")
        wanted = words_of(name, rest)
        said = heard.arguments(TYPES[name][1] if name in TYPES else len(wanted))
        same = heard.name == name and len(said) == len(wanted)
        if not (
            same and all(one == "*" or self._cast.matches(one, other) for one, other in zip(wanted, said, strict=True))
        ):
            raise DialogueError(f"it heard {heard}")

    async def _hear_line(self, peer: Peer, what: str) -> None:
        heard = await peer.hear()
        if heard.name != TEXT or not self._cast.matches(what, heard.body):
            raise DialogueError(f"it heard {heard}")

    async def _hear_list(self, peer: Peer, what: str) -> None:
        rows: list[bytes] = []
        while (heard := await peer.hear()) != Heard(TEXT, b".\n"):
            if heard.name != TEXT or not heard.body.endswith(b"\n") or heard.body.startswith(b"ERR "):
                raise DialogueError(f"it heard {heard}")
            if self._alone or self._cast.concerns(heard.body[:-1]):
                rows.append(heard.body[:-1])
        unmatched = list(rows)
        for wanted in what.split(" / ") if what else []:
            found = [row for row in unmatched if self._cast.matches(wanted, row)]
            if not found:
                raise DialogueError(f"the listing has {rows}")
            unmatched.remove(found[0])
        if unmatched:
            raise DialogueError(f"the listing has {rows}")

"""Playing a history to a server, and holding what each peer hears against the rules."""

import time
import uuid
from collections.abc import Sequence
from typing import Final

import trio

from tests.dialogues.histories.habits import RULES
from tests.dialogues.histories.making import Step
from tests.dialogues.histories.rules import ENDS, Event, Packet
from tests.dialogues.notation import OURS
from tests.dialogues.peer import Peer
from tests.dialogues.spelling import TEXT, TYPES, Heard, packet
from tests.processes import ServerProcess

__all__ = ["HistoryError", "play"]

TIMES: Final = {"past": "5", "later": str(int(time.time()) + 86_400)}
LIST_END: Final = Heard(TEXT, b".\n")
PATIENCE_SECONDS: Final = 10.0


class HistoryError(Exception):
    """A peer heard something else than the rules say; the message says what, and what came before."""


async def play(history: Sequence[Step], kind: str, server: ServerProcess) -> None:
    """Play it to a server of this kind, and then do all the work that is left. Raises HistoryError."""
    player = _Player(kind, server)
    try:
        for step in history:
            await player.take(step)
        for name in list(player.peers):
            await player.take(Step(name, (("hang up",),)))
        await player.take(Step("z", (("CAN_DO", "f"), ("CAN_DO", "g"))))
        while player.has_work:
            await player.take(Step("z", (("GRAB_JOB",),)))
            await player.take(Step("z", (("WORK_COMPLETE", "{own}", ""),)))
        for name in list(player.rules.jobs):
            await player.take(Step("z", (("text", f"cancel job {name}"),)))
        await player.take(Step("z", (("text", "show jobs"), ("text", "status"))))
    finally:
        for peer in player.peers.values():
            await peer.aclose()


class _Player:
    def __init__(self, kind: str, server: ServerProcess) -> None:
        self.peers: dict[str, Peer] = {}
        self.rules = RULES[kind]()
        self._ours = kind == OURS
        self._server = server
        self._token = f"-{uuid.uuid4().hex[:8]}"
        self._handles: dict[str, bytes] = {}
        self._names: dict[bytes, str] = {}
        self._slept = False
        self._said: list[str] = []

    @property
    def has_work(self) -> bool:
        return any(not (job.later or job.ignored) for job in self.rules.jobs.values())

    async def take(self, step: Step) -> None:
        """One step, and what all peers hear of it."""
        if step.peer not in self.peers:
            self.peers[step.peer] = Peer(await trio.open_tcp_stream(self._server.host, self._server.port))
        by = self.rules.connection(step.peer)
        self.rules.said.clear()
        sleepers = {name for name, one in self.rules.connections.items() if one.sleeps and not one.woken}
        said: list[Packet] = []
        named = self._named(step.peer)
        for words in step.packets:
            words = tuple(self._fill_in(word, named) for word in words)
            if not self._is_open(words):
                self.rules.do(by.name, words)
                said.append(words)
            if words == ("PRE_SLEEP",):
                self._slept = True
                sleepers.add(step.peer)
        self._said.append(str(Step(step.peer, tuple(said))))
        await self._say(step, said)
        await self._hear_all(step.peer, sleepers)

    def _named(self, peer: str) -> dict[str, str]:
        """What stands for what: of the jobs that are known before this step."""
        by, created = self.rules.connection(peer), self.rules.created
        last = created[-1] if created else "J0"
        own = by.runs[-1].name if by.runs else next(reversed(by.had), last)
        return {
            "{own}": own,
            "{had}": next(iter(by.had), last),
            "{any}": created[len(created) // 2] if created else last,
        }

    def _fill_in(self, word: str, named: dict[str, str]) -> str:
        for braces, name in named.items():
            word = word.replace(braces, name)
        return word

    def _is_open(self, words: Packet) -> bool:
        """Whether the rules cannot tell: only the last run can fail, and who was woken may have begun one."""
        if not (self._ours and self._slept) or words[0] not in ENDS or words[0] == "WORK_COMPLETE":
            return False
        job = self.rules.jobs.get(words[1])
        return job is not None and job.runner is None

    async def _say(self, step: Step, said: list[Packet]) -> None:
        peer = self.peers[step.peer]
        if said == [("hang up",)]:
            await peer.hang_up()
            await peer.aclose()
            del self.peers[step.peer]
            return
        data = b"".join(map(self._spell, said))
        cut = step.cut_at or len(data)
        for piece in filter(None, (data[:cut], data[cut:])):
            await peer.say(piece)

    def _spell(self, words: Packet) -> bytes:
        kind, *arguments = words
        spelled = [self._word(word) for word in arguments]
        if kind == "text":
            return b" ".join(map(self._word, arguments[0].split(" "))) + b"\r\n"
        if kind == "SUBMIT_JOB_EPOCH":
            spelled[2] = TIMES.get(arguments[2], arguments[2]).encode()
        return packet(kind, spelled)

    def _word(self, word: str) -> bytes:
        if word.startswith("J") and word[1:].isdigit():
            return self._handles.get(word, b"H:none:" + word.encode())
        return (word + self._token if word in ("f", "g", "h", "u", "v") else word).encode()

    # --- what is heard ------------------------------------------------------------------------------------------

    async def _hear_all(self, by: str, sleepers: set[str]) -> None:
        """Ask until everybody has heard all that the rules say, and then that nobody has heard more."""
        heard: dict[str, list[Event]] = {name: [] for name in self.peers}
        others = [name for name in self.peers if name != by]
        wrong: str | None = "somebody got no answer"
        with trio.move_on_after(PATIENCE_SECONDS):
            while True:
                for name in [by, *others] if by in self.peers else others:
                    heard[name] += await self._hear(name)
                wrong = self._wrong(heard, sleepers)
                if wrong is None or not wrong.startswith("yet"):
                    break
        if wrong is not None:
            raise HistoryError("\n".join([*self._said[-40:], wrong]))

    async def _hear(self, name: str) -> list[Event]:
        peer = self.peers[name]
        await peer.say(
            packet("GET_STATUS_UNIQUE", [b"nobody"])
        )  # there and back to the store, for a broker that has one
        await peer.settle(None)
        heard = [await peer.hear() for _ in peer.unheard]
        events: list[Event] = []
        wanted = self.rules.said[name]
        for one in heard:
            if one.name == TEXT and not one.body.startswith((b"OK", b"ERR")):
                if not events or events[-1][0] != "rows":
                    events.append(("rows",))
                events[-1] = (*events[-1], self._row(one.body))
                if one == LIST_END:
                    events[-1] = ("list", *sorted(filter(None, events[-1][1:-1])))
            elif not one.body.startswith(b"nobody\0"):
                events.append(self._read(one, wanted))
        return events

    def _read(self, heard: Heard, wanted: list[Event]) -> Event:
        if heard.name == TEXT:
            return ("text", heard.body.decode().rstrip())
        if heard.name not in TYPES:
            return (heard.name,)
        arguments = heard.arguments(TYPES[heard.name][1])
        if heard.name == "JOB_CREATED" and arguments[0] not in self._names:
            new = (event[1] for event in wanted if event[0] == "JOB_CREATED" and event[1] not in self._handles)
            if (name := next(new, None)) is not None:
                self._handles[name], self._names[arguments[0]] = arguments[0], name
        return (heard.name, *map(self._unspell, arguments))

    def _unspell(self, word: bytes) -> str:
        bare = word.rstrip(b"\0")
        name = self._names.get(bare, bare.decode("latin-1").replace(self._token, "").removeprefix("H:none:"))
        return name + "\0" * (len(word) - len(bare))

    def _row(self, row: bytes) -> str:
        """A row of a listing; nothing for one of another history."""
        first = row.partition(b"\t")[0]
        is_ours = first in self._names or self._token.encode() in first or row == b".\n"
        return " ".join(map(self._unspell, row.rstrip().split(b"\t"))) if is_ours else ""

    def _wrong(self, heard: dict[str, list[Event]], sleepers: set[str]) -> str | None:
        for name, events in heard.items():
            wanted = [self._told(event) for event in self.rules.said[name]]
            answers = [self._told(event) for event in events if not (self._ours and event == ("NOOP",))]
            if self._ours:  # what follows from a request stands behind its answer
                wanted.sort(key=_is_relayed)
                answers.sort(key=_is_relayed)
            if answers != wanted:
                yet = "yet: " if answers == wanted[: len(answers)] else ""
                return f"{yet}{name} heard {answers} and not {wanted}"
            if self._ours and ("NOOP",) in events:
                if name not in sleepers:
                    return f"{name} heard a NOOP and did not sleep"
                self.rules.connection(name).woken = True
        return self._forgotten() if self._ours else None

    def _told(self, event: Event) -> Event:
        """What is to be compared. What is reserved for a worker that was woken counts as running in our broker."""
        if event[0] == "list" and self._ours and self._slept:
            return ("list", *(row if row[0] == "J" else _without_running(row) for row in event[1:]))
        if event[0].startswith("STATUS_RES") and self._ours and self._slept:
            return (*event[:3], *event[4:])
        return event

    def _forgotten(self) -> str | None:
        """A job beside a sleeper, and nobody on the way."""
        for name, function in self.rules.functions.items():
            able = [one for one in self.rules.connections.values() if one.sleeps and name in one.functions]
            if function.first() is not None and able and not any(one.woken for one in able):
                return f"yet: {name} has a job, and {able[0].name} sleeps beside it"
        return None


def _is_relayed(event: Event) -> bool:
    return event[0].startswith("WORK_")


def _without_running(row: str) -> str:
    """A row of status but for the number of those that run."""
    function, total, _, workers = row.split(" ")
    return f"{function} {total} {workers}"

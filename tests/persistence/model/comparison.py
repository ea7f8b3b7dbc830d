"""One step of a history: Redis and the model are told the same, and afterwards all that is there agrees."""

import copy
import time
from typing import Any, ClassVar, Final

from hypothesis.stateful import RuleBasedStateMachine

from persistence import Incarnation
from persistence.keys import Keys, digest_of
from persistence.scripts import ALL
from tests.persistence.model.life import VERBS, Life
from tests.persistence.model.line import Line
from tests.persistence.model.node import Node, Run, Said
from tests.persistence.model.sight import expected, reading, seen
from tests.persistence.model.small import LIMITS, made_small

FUNCTION: Final = b"resize"
TAG: Final = Keys(b"model").tag(digest_of(FUNCTION))
HOUR: Final = 3_600
SCRIPTS: Final = {script.name: made_small(script) for script in ALL}
MANY: Final = frozenset({"enqueue", "finish"})
"""Scripts that are for many at a time: here of one, whose answer is the last of what they answer."""


class Comparison(RuleBasedStateMachine):
    """One function on one server, and its model. Set `line` before the first example."""

    line: ClassVar[Line]

    def __init__(self) -> None:
        super().__init__()
        self.line.ask([b"FLUSHALL"], *([b"SCRIPT", b"LOAD", script.text.encode()] for script in SCRIPTS.values()))
        self.line.ask(SCRIPTS["introduce"].call(TAG, FUNCTION))
        self.life = Life(LIMITS)
        self.base = int(time.time())
        self.nodes: list[Node] = []
        self.runs: list[Run] = []
        self.waited: list[tuple[Node, bytes]] = []
        self.said: list[Said] = []
        self.pieces = 0
        self.heard: set[tuple[bytes, int]] = set()
        self.large: list[bytes] = []
        for _ in range(2):
            self._be_born()

    # -- one step

    def do(self, script: str, *arguments: Any) -> Any:
        """Run a script and the model's verb; the answers agree, and so does all that is there afterwards."""
        clock = {"now": self.base} if script in ("enqueue", "due") else {}
        before = self.life.jobs.scheduled()[:1]
        letters = {name: len(self.life.mail.letters.get(name, ())) for name in self.names}
        answer, notices = self.look(
            SCRIPTS[script].call(TAG, *self._spoken(script, arguments)), lambda: self._predict(script, arguments, clock)
        )
        if script in MANY and isinstance(answer, list):
            answer = answer[-1]
        self._hear(notices)
        if self.life.jobs.scheduled()[:1] != before and script == "enqueue":
            assert b"s" in notices, "an earlier time was told to no alarm"
        for node in self.alive():
            if len(self.life.mail.letters.get(node.name, ())) > letters[node.name]:
                assert b"m" + node.name in notices, "mail that nobody was told of"
        return answer

    def _spoken(self, script: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """As the script is told: those for many, of one."""
        if script == "enqueue":
            me, generation, number, floor, *order, room = arguments
            return (me, generation, floor, room, number, *order)
        if script == "finish":
            *run, payload, known = arguments
            job = self.life.jobs.get(arguments[2])
            return (*run, job.unique if job else b"", payload, known + (b"b" if job and job.beside else b""))
        return arguments

    def _predict(self, script: str, arguments: tuple[Any, ...], clock: dict[str, int]) -> Any:
        return VERBS[script](self.life, *arguments, **clock)

    def look(self, command: Any, predict: Any = None) -> tuple[Any, list[bytes]]:
        """Send a command, and compare everything. A prediction of None is none."""
        large = list(self.large)
        replies, pushes = self.line.ask(command, *reading(TAG, self.names, large))
        predicted = predict() if predict else None
        if predicted is not None:
            assert _blurred(replies[0]) in (_blurred(predicted), _blurred([predicted]), _blurred([b"ended", predicted]))
        sight, queues, counted = seen(replies[1:], self.names, large)
        assert sight == expected(self.life, self.names)
        assert counted["ghosts"] == [sum(job not in self.life.jobs for job in queue) for queue in queues]
        self.life.queues = (queues[0], queues[1], queues[2])  # a sweep has moved ghosts; the jobs were compared
        return replies[0], self.line.notices(pushes)

    def _hear(self, notices: list[bytes]) -> None:
        for notice in notices:
            if notice[:1] == b"q":
                for node in self.nodes:
                    node.may_hold_work.add(int(notice[1:2]))
            elif notice[:1] == b"a" and (job := self.life.jobs.get(notice[1:])):
                self.heard.add((job.id, job.attempt))

    @property
    def names(self) -> list[bytes]:
        """Every incarnation there ever was."""
        return [node.name for node in self.nodes]

    def alive(self) -> list[Node]:
        """The brokers that do not know themselves lost."""
        return [node for node in self.nodes if not node.over]

    def _be_born(self) -> Node:
        self.nodes.append(Node(Incarnation(b"node%03d" % len(self.nodes))))
        if len(self.nodes) == 1:
            self.line.subscribe(TAG)
        return self.nodes[-1]

    def _any(self, pick: int) -> Node:
        alive = self.alive()
        return alive[pick % len(alive)]

    def _write(self, node: Node, script: str, *arguments: Any) -> Any:
        """A broker's writing command. One that hears it is lost goes on under a new name."""
        said = Said(script, (node.name, node.generation, *arguments))
        self.said.append(said)
        answer = self.do(script, *said.arguments)
        if len(self.said) % 3 == 0 and script != "claim":
            self._repeat_at_once(said)
        if answer == b"fenced" and not node.over:
            self._go_on_anew(node)
        return answer

    def _repeat_at_once(self, said: Said) -> None:
        before = expected(copy.deepcopy(self.life), self.names)
        self.do(said.script, *said.arguments)
        assert expected(self.life, self.names) == before, "done twice it was not done once"

    def _go_on_anew(self, node: Node) -> None:
        node.over = True
        heir = self._be_born()
        awaited = [job for waits, job in self.waited if waits is node]
        self.waited = [(heir if waits is node else waits, job) for waits, job in self.waited]
        if awaited:
            self.do("attend", heir.name, heir.generation, *awaited)


def _blurred(answer: Any) -> Any:
    """A claim's answer without how many ids are left, of which only the difference to none is promised."""
    if isinstance(answer, list) and answer[:1] == [b"claimed"]:
        return [*answer[:2], bool(answer[2]), *answer[3:]]
    return answer

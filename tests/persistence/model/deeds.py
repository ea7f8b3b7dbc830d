"""What a broker does, as the commands of a real one, and what it remembers of the answers. Nothing here is chance."""

from typing import Any, Final

from persistence.records import job_id, pack_record
from tests.persistence.model.comparison import HOUR, SCRIPTS, TAG, Comparison
from tests.persistence.model.node import PRIORITIES, Node, Run, Said

KEEP_SECONDS: Final = 86_400
HANDED: Final = (b"handed", b"limited")
"""What begins the answer to a submit that brought a job."""
RUNS_A_STEP: Final = 2
ROOM: Final = 65_536
"""So long a record is handed out as it is."""


class Deeds(Comparison):
    """Those that are more than one command, or whose answer is more than a word."""

    # -- submits

    def _compose(
        self,
        node: Node,
        unique: bytes,
        priority: int,
        hours: int | None,
        waits: bool,
        handoff: bool,
        room: int,
        beside: bool = False,
    ) -> tuple[int, tuple[Any, ...]]:
        node.last_number = number = node.last_number + 1
        node.unanswered.add(number)
        node.last_claim += handoff
        payload = b"" if beside else b"job %d" % number
        record = pack_record(unique, b"r" * (number % 3), payload, priority, not waits, beside=beside)
        if beside:
            self.large.append(job_id(node.name, number))
        run_at = b"" if hours is None else b"%d" % (self.base + HOUR // 2 + hours * HOUR)
        floor, claim = min(node.unanswered), node.last_claim if handoff else b""
        return number, (
            number, floor, job_id(node.name, number), record, run_at, b"1" if waits else b"", claim, room,
        )  # fmt: skip

    def _hand_in(self, job: bytes) -> None:
        self.look([b"SET", TAG + b":payload:" + job, b"x", b"NX", b"EX", KEEP_SECONDS], lambda: self.life.hand_in(job))

    def _submit_together(self, node: Node, waiting: list[bool], told: list[tuple[Any, ...]], again: bool) -> None:
        """One command for several submits, each with its own answer; a repeat changes nothing."""
        floor = min(arguments[1] for arguments in told)
        orders = [part for each in told for part in (each[0], *each[2:-1])]
        command = SCRIPTS["enqueue"].call(TAG, node.name, node.generation, floor, ROOM, *orders)

        def predict() -> list[Any]:
            return [
                self.life.enqueue(node.name, node.generation, each[0], floor, *each[2:], now=self.base) for each in told
            ]

        answers, notices = self.look(command, predict)
        self._hear(notices)
        for arguments, waits, answer in zip(told, waiting, answers, strict=True):
            if answer not in (b"fenced", b"bare"):
                node.unanswered.discard(arguments[0])
                self._answered(node, waits, arguments[2], answer)
        if again:
            self._hear(self.look(command, predict)[1])
        if answers[0] == b"fenced" and not node.over:
            self._go_on_anew(node)

    def _answered(self, node: Node, waits: bool, own: bytes, answer: Any) -> None:
        if answer[0] in HANDED:
            self._handed(node, answer[1:])
        if waits and answer not in (b"full", b"gone", b"stale", b"bare"):
            self.waited.append((node, answer[1] if answer[0] == b"joined" else own))

    def _handed(self, node: Node, parts: list[Any]) -> None:
        for at in range(0, len(parts), 5):
            job, attempt, listeners = parts[at : at + 3]
            self.runs.append(Run(node, job, attempt))
            if listeners not in (b"", node.name):
                self.heard.add((job, attempt))

    # -- ends, and those who hear of them

    def _end_together(self, node: Node, ends: list[tuple[bytes, int, bytes]]) -> None:
        """One command for several ends of runs, told aloud."""
        told = [
            (*end, job.unique, b"result", b"1b" if job.beside else b"1")
            if (job := self.life.jobs.get(end[0]))
            else (*end, b"", b"result", b"1")
            for end in ends
        ]
        command = SCRIPTS["finish"].call(TAG, node.name, node.generation, *(part for each in told for part in each))

        def predict() -> Any:
            words = [self.life.finish(node.name, node.generation, *end, b"result", b"1") for end in ends]
            return words[0] if words[0] in (b"fenced", b"stale") else [b"ended", *words]

        answer, notices = self.look(command, predict)
        self._hear(notices)
        if answer == b"fenced" and not node.over:
            self._go_on_anew(node)

    def _read_mail(self, name: bytes, count: int) -> None:
        """The first letters are read, and thrown away by a command that is safe to repeat."""
        (entries,), _ = self.line.ask([b"XRANGE", TAG + b":mailbox:" + name, b"-", b"+", b"COUNT", count])
        milliseconds, _, last = entries[-1][0].partition(b"-")
        first_kept = b"%b-%d" % (milliseconds, int(last) + 1)
        length = sum(len(entry[1][5]) for entry in entries)
        command = SCRIPTS["trim"].call(TAG, name, first_kept, length, len(entries))
        self.life.mail.read(name, len(entries))
        assert self.look(command)[0] == len(entries)
        assert self.look(command)[0] == 0

    def _ask(self, name: bytes) -> None:
        job = self.life.jobs.get(name)
        answer, _ = self.look(SCRIPTS["status"].call(TAG, name))
        assert answer == ([b"running" if job.owner else b"waiting", *job.progress] if job else b"unknown")

    # -- the life of a broker

    def _reconnect(self, node: Node) -> None:
        node.generation += 1
        before, begun = b"", False
        while before or not begun:
            answer = self._write(node, "rejoin", before, RUNS_A_STEP)
            if answer == b"fenced":
                return
            (running, before, _), begun = answer, True
            unknown: list[Any] = []
            for job, attempt, listeners in zip(running[::3], running[1::3], running[2::3], strict=True):
                if (node, job, attempt) not in self.runs:
                    unknown += (job, attempt)
                elif listeners not in (b"", node.name):
                    self.heard.add((job, attempt))
            if unknown:
                self._write(node, "requeue", b"house", -1, *unknown)
        node.may_hold_work = set(PRIORITIES)
        awaited = [job for waits, job in self.waited if waits is node]
        if awaited:
            gone = self._write(node, "attend", *awaited)[1:]
            self.waited = [(waits, job) for waits, job in self.waited if waits is not node or job not in gone]

    def _fence(self, lost: Node, further: int) -> None:
        steps = len(self.life.jobs.attending(lost.name)) + further
        if steps:
            self.said.append(Said("fence", (lost.name, steps, KEEP_SECONDS)))
            self.do("fence", lost.name, steps, KEEP_SECONDS)

    def _leave(self, node: Node) -> None:
        if self.do("leave", node.name, KEEP_SECONDS) == b"left":
            node.over = True
            self.waited = [(waits, job) for waits, job in self.waited if waits is not node]

"""Random histories: several brokers do everything they can, and after each step Redis and the model agree.

Longer than most, because hypothesis wants all that can happen as rules of one class.
"""

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from persistence.records import job_id
from tests.persistence.model.comparison import HOUR, SCRIPTS, TAG
from tests.persistence.model.deeds import HANDED, ROOM, Deeds
from tests.persistence.model.node import PRIORITIES, Run, Said
from tests.persistence.model.standing import Standing

WHERE: Final = ("inside", "inside", "beside", "beside", "lost on the way")
"""Where the payload of a job is."""

picks = st.integers(0, 1_000)
"""Chooses one of what there is at that moment."""


class History(Deeds):
    """Everything that can happen, as rules: chance says who does what. Set `line` before the first example."""

    # -- submits

    @rule(
        pick=picks,
        unique=st.sampled_from([b"", b"a", b"b"]),
        priority=st.sampled_from(PRIORITIES),
        hours=st.sampled_from([None, None, None, None, -2, 1, 2]),
        waits=st.booleans(),
        handoff=st.booleans(),
        room=st.sampled_from([0, 65_536]),
        fate=st.sampled_from(["answered", "answered", "answer lost", "not sent"]),
        payload=st.sampled_from(WHERE),
    )
    def submit(self, pick: int, fate: str, payload: str = "inside", **what: Any) -> None:
        node = self._any(pick)
        number, arguments = self._compose(node, **what, beside=payload != "inside")
        if payload == "beside":
            self._hand_in(arguments[2])
        if fate == "not sent":
            self.said.append(Said("enqueue", (node.name, node.generation, *arguments)))
            return
        answer = self._write(node, "enqueue", *arguments)
        if answer == b"bare" and fate == "answered":
            self._hand_in(arguments[2])
            answer = self._write(node, "enqueue", *arguments)
        if fate == "answered" and answer not in (b"fenced", b"bare"):
            node.unanswered.discard(number)
            self._answered(node, what["waits"], job_id(node.name, number), answer)

    @rule(
        pick=picks,
        orders=st.lists(
            st.tuples(
                st.sampled_from([b"", b"", b"a", b"b", b"c"]),
                st.sampled_from(PRIORITIES),
                st.booleans(),
                st.sampled_from(WHERE),
            ),
            min_size=2,
            max_size=4,
        ),
        again=st.booleans(),
    )
    def several_are_submitted_together(
        self, pick: int, orders: list[tuple[bytes, int, bool, str]], again: bool
    ) -> None:
        node = self._any(pick)
        told = [
            self._compose(node, *order[:2], None, order[2], False, ROOM, order[3] != "inside")[1] for order in orders
        ]
        for order, each in zip(orders, told, strict=True):
            if order[3] == "beside":
                self._hand_in(each[2])
        self._submit_together(node, [order[2] for order in orders], told, again)

    @precondition(lambda self: self.large)
    @rule(pick=picks, what=st.sampled_from(["comes late", "is discarded", "is evicted"]))
    def a_payload(self, pick: int, what: str) -> None:
        job = self.large[pick % len(self.large)]
        if what == "comes late":
            self._hand_in(job)
        elif what == "is discarded":
            self.do("discard", job)
        else:
            self.look([b"DEL", TAG + b":payload:" + job], lambda: self.life.evict(job))
            for run in [run for run in self.runs if run.id == job]:
                self._write(run.node, "void", run.id, run.attempt)

    @precondition(lambda self: self.runs)
    @rule(pick=picks)
    def a_payload_is_not_found(self, pick: int) -> None:
        run = self._a_run(pick)
        self._write(run.node, "void", run.id, run.attempt)

    @rule(pick=picks, priority=st.sampled_from(PRIORITIES), stay=st.integers(1, 3), then=st.integers(0, 2))
    def many_are_submitted_and_most_given_up(self, pick: int, priority: int, stay: int, then: int) -> None:
        node, plain = self._any(pick), {"unique": b"", "priority": priority, "hours": None, "handoff": False, "room": 0}
        before = len(self.waited)
        for waits in (False, True, True) * stay:
            self.submit(pick, "answered", waits=waits, **plain)
        leaving = [job for waits, job in self.waited[before:] if waits is node]
        if then and leaving and not node.over:
            del self.waited[before:]
            self._write(node, "detach", *leaving)
        if then == 2:
            self.the_house(pick, 2, "sweep")
            self.a_job_comes_back_and_is_handed_out_again(pick, 0)
            self.the_house(pick, 3, "sweep")

    @precondition(lambda self: self.said)
    @rule(pick=picks)
    def what_was_said_comes_once_more(self, pick: int) -> None:
        # Mostly soon afterwards.
        script, arguments = self.said[-1 - pick % (min(len(self.said), 3) if pick % 2 else len(self.said))]
        if script == "claim" and self.life.standing.get(arguments[0], Standing()).generation <= arguments[1]:
            return  # a claim is repeated by nobody; one of an old connection may come late, and is refused
        over = set(self.life.over)
        answer = self.do(script, *arguments)
        if script == "enqueue" and answer[0] in HANDED:
            # It came for the first time, and late: nobody waits for what it brings.
            node = next(node for node in self.nodes if node.name == arguments[0])
            self._handed(node, answer[1:])
        assert over <= self.life.over

    # -- runs

    @rule(
        pick=picks,
        lowest=st.sampled_from([0, 1, 2, 2, 2, 2]),
        count=st.integers(1, 3),
        room=st.sampled_from([0, 65_536]),
    )
    def claim(self, pick: int, lowest: int, count: int, room: int) -> None:
        node = self._any(pick)
        node.last_claim += count
        answer = self._write(node, "claim", node.last_claim - count + 1, lowest, count, room)
        if answer[0] == b"claimed":
            node.may_hold_work -= {priority for priority in PRIORITIES if answer[1] & 1 << priority}
            self._handed(node, answer[3:])

    def _a_run(self, pick: int) -> Run:
        # Mostly of a job that is not over: there is more to do wrong.
        runs = [run for run in self.runs if run.id in self.life.jobs] if pick % 4 else []
        return (runs or self.runs)[-1 - pick % len(runs or self.runs)]

    @precondition(lambda self: self.runs)
    @rule(pick=picks, outcome=st.sampled_from([b"completed", b"failed", b"raised"]), aloud=st.booleans())
    def finish(self, pick: int, outcome: bytes, aloud: bool) -> None:
        run = self._a_run(pick)
        known = (b"result", b"1") if aloud else (b"", b"")
        answer = self._write(run.node, "finish", run.id, run.attempt, outcome, *known)
        if answer == b"heard":
            self._write(run.node, "finish", run.id, run.attempt, outcome, b"result", b"1")

    @precondition(lambda self: self.runs)
    @rule(
        chosen=st.lists(picks, min_size=2, max_size=4),
        outcomes=st.lists(st.sampled_from([b"completed", b"completed", b"failed"]), min_size=4, max_size=4),
    )
    def several_end_together(self, chosen: list[int], outcomes: list[bytes]) -> None:
        runs = [self._a_run(pick) for pick in chosen]
        node = runs[0].node
        ends = [
            (run.id, run.attempt, outcome) for run, outcome in zip(runs, outcomes, strict=False) if run.node is node
        ]
        self._end_together(node, ends)

    @precondition(lambda self: self.runs)
    @rule(pick=picks, numerator=st.integers(0, 2**32 - 1), denominator=st.integers(0, 3))
    def progress(self, pick: int, numerator: int, denominator: int) -> None:
        run = self._a_run(pick)
        self._write(run.node, "progress", run.id, run.attempt, numerator, denominator)

    @precondition(lambda self: self.runs)
    @rule(pick=picks, kind=st.sampled_from([b"data", b"warning", b"status"]), size=st.sampled_from([0, 20, 400]))
    def post(self, pick: int, kind: bytes, size: int) -> None:
        run = self._a_run(pick)
        self.pieces += 1
        self._write(run.node, "post", run.id, run.attempt, self.pieces, kind, b"x" * size)

    @precondition(lambda self: self.life.jobs)
    @rule(pick=picks)
    def an_operator_cancels(self, pick: int) -> None:
        job = sorted(self.life.jobs)[pick % len(self.life.jobs)]
        name, running = self._any(pick).name, self.life.jobs[job].owner != b""
        answer, notices = self.look(SCRIPTS["cancel"].call(TAG, name, job), lambda: self.life.cancel(name, job))
        assert answer == b"cancelled"
        assert (b"c" + job in notices) is running, "who runs it hears of it, and nobody else need"
        assert self.do("cancel", name, job) == b"unknown"

    @rule(pick=picks, what=st.sampled_from(["stays dead", "is cancelled", "is revived", "is revived"]))
    def a_job_is_given_up(self, pick: int, what: str) -> None:
        node = self._any(pick)
        self.claim(pick, 2, 1, ROOM)
        for job in self.life.jobs.running(node.name)[:1]:
            self._write(node, "requeue", b"suspect", 0, job.id, job.attempt)
        # What an operator sees to is any of them.
        given_up = sorted(self.life.dead)[pick % 3 :][:1] if what != "stays dead" else []
        for dead in given_up:
            if what == "is cancelled":
                assert self.do("cancel", self._any(pick).name, dead) == b"cancelled"
            elif self.do("revive", dead) == b"revived":
                assert self.do("revive", dead) == b"alive"

    @precondition(lambda self: self.runs)
    @rule(
        chosen=st.lists(picks, min_size=1, max_size=3),
        manner=st.sampled_from([b"suspect", b"house"]),
        limit=st.sampled_from([-1, -1, 0, 1, 2]),
    )
    def requeue(self, chosen: list[int], manner: bytes, limit: int) -> None:
        runs = [self._a_run(pick) for pick in chosen]
        mine = [run for run in runs if run.node is runs[0].node]
        self._write(runs[0].node, "requeue", manner, limit, *(part for run in mine for part in run[1:]))

    @rule(pick=picks, count=st.integers(0, 3))
    def a_job_comes_back_and_is_handed_out_again(self, pick: int, count: int) -> None:
        node = self._any(pick)
        self.claim(pick, 2, 3, 0)
        mine = self.life.jobs.running(node.name)
        if mine and not node.over:
            pairs = [part for job in mine for part in (job.id, job.attempt)]
            self._write(node, "requeue", b"house", -1, *pairs)
        if count:
            self.claim(pick + 1, 2, count, 65_536)

    # -- those who wait

    @rule(pick=picks, pieces=st.integers(1, 3), lost=st.booleans())
    def somebody_elsewhere_hears_of_a_run(self, pick: int, pieces: int, lost: bool) -> None:
        listener, runner = self._any(pick), self._any(pick + 1)
        self.submit(pick, "answered", unique=b"", priority=0, hours=None, waits=True, handoff=False, room=0)
        self.claim(pick + 1, 0, 2, 65_536)
        for job in self.life.jobs.running(runner.name)[:pieces]:
            self.pieces += 1
            self._write(runner, "post", job.id, job.attempt, self.pieces, b"data", b"x" * pieces * 30)
        if lost and listener is not runner:
            self._fence(listener, further=pick % 4)

    @precondition(lambda self: self.waited)
    @rule(pick=picks, count=st.sampled_from([1, 2, 6]))
    def the_clients_leave(self, pick: int, count: int) -> None:
        node = self.waited[pick % len(self.waited)][0]
        leaving = [job for waits, job in self.waited if waits is node][:count]
        self.waited = [(waits, job) for waits, job in self.waited if waits is not node or job not in leaving]
        self._write(node, "detach", *leaving)

    @precondition(lambda self: any(self.life.mail.letters.values()))
    @rule(pick=picks, count=st.integers(1, 3))
    def the_mail_is_read(self, pick: int, count: int) -> None:
        full = [name for name, letters in self.life.mail.letters.items() if letters]
        name = full[pick % len(full)]
        self._read_mail(name, count)

    # -- brokers

    @rule(pick=picks, what=st.sampled_from(["starts", "reconnects", "reconnects", "is lost", "is lost", "leaves"]))
    def a_broker(self, pick: int, what: str) -> None:
        alone = len(self.alive()) == 1
        if what == "reconnects":
            self._reconnect(self._any(pick))
        elif what == "starts" and len(self.alive()) < 3:
            self._be_born()
        elif what == "leaves" and not alone:
            self._leave(self._any(pick))
        elif what == "is lost" and not alone:
            self._fence(self._any(pick) if pick % 5 else self.nodes[pick % len(self.nodes)], further=pick % 4)

    # -- time and housekeeping

    @rule(hours=st.integers(0, 3), steps=st.integers(1, 3))
    def time_passes(self, hours: int, steps: int) -> None:
        for job in self.life.jobs.scheduled():
            job.run_at = (job.run_at or 0) - hours * HOUR
            self.line.ask([b"ZADD", TAG + b":scheduled", job.run_at, job.id])
        milliseconds = self.do("due", steps)
        left = [job.run_at or 0 for job in self.life.jobs.scheduled()]
        assert (milliseconds < 0) == (not left)
        assert (milliseconds == 0) == (bool(left) and left[0] <= self.base)

    @rule(pick=picks, steps=st.integers(1, 3), what=st.sampled_from(["sweep", "sweep", "sweep", "ask", "limit"]))
    def the_house(self, pick: int, steps: int, what: str) -> None:
        if what == "limit":
            self.life.limited = True
            self.life.most_jobs = most = (pick % 4 == 0) * 3
            self.line.ask([b"HSET", TAG + b":function", b"limits", b"%d %d %d" % (most, most, most)])
        elif what == "sweep":
            answer, _ = self.look(SCRIPTS["sweep"].call(TAG, steps, 0))
            assert answer in (b"swept", b"more")
        elif known := sorted(self.life.jobs) + sorted(self.life.over):
            self._ask(known[pick % len(known)])

    # -- what holds at any time

    @invariant()
    def nobody_sleeps_beside_work(self) -> None:
        for node in self.nodes:
            if node.name in self.life.standing and self.life.standing[node.name].over:
                continue
            for priority, queue in enumerate(self.life.queues):
                if any(job in self.life.jobs for job in queue):
                    assert priority in node.may_hold_work, "a job that this broker will not ask for"

    @invariant()
    def who_runs_a_job_knows_that_somebody_elsewhere_listens(self) -> None:
        over = {name for name, known in self.life.standing.items() if known.over}
        for job in self.life.jobs.values():
            known = any((run.node.name, run.id, run.attempt) == (job.owner, job.id, job.attempt) for run in self.runs)
            if known and job.owner not in over and set(job.listeners) - {job.owner}:
                assert (job.id, job.attempt) in self.heard, "its data would reach nobody there"

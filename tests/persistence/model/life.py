"""A job's life in plain Python: what every script is to do to one function, said once more and without Redis.

Written from the contract, not from the Lua: no packed fields, no ghosts but as ids without a job, no gaps but as
numbers. Times are unix seconds by Redis's clock, given by the test.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from tests.persistence.model.job import Job, Jobs
from tests.persistence.model.mail import Mail
from tests.persistence.model.small import Limits
from tests.persistence.model.standing import NO_GENERATION, Standing
from tests.persistence.record import unpack_record, without_payload


class Life:
    """All that is known of one function. A verb returns what its script is to answer."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.jobs = Jobs()
        self.queues: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
        self.standing: dict[bytes, Standing] = {}
        self.mail = Mail(limits.too_full_bytes)
        self.dead: dict[bytes, tuple[int, int, bytes]] = {}
        self.counters: Counter[str] = Counter()
        self.most_jobs = 0
        self.limited = False
        self.over: set[bytes] = set()
        self.payloads: dict[bytes, bool] = {}
        """What was handed in beside a record, by id: whether it is a job's, and stays."""

    # -- submits

    def hand_in(self, job: bytes) -> None:
        """The payload of a large job comes, before it or late."""
        self.payloads.setdefault(job, False)

    def evict(self, job: bytes) -> None:
        """A server throws a payload away, as it is not to."""
        self.payloads.pop(job, None)

    def discard(self, job: bytes) -> bytes:
        if self.payloads.get(job) is False:
            del self.payloads[job]
        return b"discarded"

    def enqueue(self, me: bytes, generation: int, *arguments: Any, now: int) -> Any:
        number, floor, job, record, run_at, waits, handoff, room = arguments
        refusal = b"fenced" if generation == 0 else self._refusal(me, generation)
        if refusal == b"stale":
            return refusal
        known = self.standing.get(me, Standing())
        holder, beside = self.jobs.with_unique(unpack_record(record).unique), unpack_record(record).beside
        if known.has_stored(number):
            self.discard(job)
            found = self.jobs.get(job) or holder
            return self._join(found, me, waits == b"1" and not refusal) if found else b"gone"
        if refusal:
            if generation == 0 and not known.over:
                self.standing.setdefault(me, known).generation = NO_GENERATION
            return refusal
        if holder is not None:
            self.discard(job)
        elif 0 < self.most_jobs <= len(self.jobs):
            self.discard(job)
            return b"full"
        elif beside and job not in self.payloads:
            return b"bare"
        self.standing.setdefault(me, Standing()).note(generation, number, floor)
        if holder is not None:
            if unpack_record(record).background and not holder.background:
                holder.record = bytes([holder.record[0] + 4]) + holder.record[1:]
            self.counters["coalesced"] += 1
            return self._join(holder, me, waits == b"1")
        return self._store(Job(job, record, [me] if waits == b"1" else []), run_at, now, me, handoff, room)

    def _store(self, job: Job, run_at: bytes, now: int, me: bytes, handoff: Any, room: int) -> Any:
        assert job.id not in self.over, "a job that is over came back"
        self.jobs[job.id] = job
        if job.beside:
            self.payloads[job.id] = True
        self.counters["submitted"] += 1
        if run_at and int(run_at) > now:
            job.run_at = int(run_at)
            return b"scheduled"
        self.queues[job.priority].append(job.id)
        for queue in self.queues if handoff != b"" else ():
            taken, empty = self._take(queue, me, handoff, 1)
            if taken:
                return [b"limited" if self.limited else b"handed", *self._claimed(taken[0], room)]
            if not empty:
                break
        return b"queued"

    def _join(self, job: Job, me: bytes, waits: bool) -> list[bytes]:
        if waits and me not in job.listeners:
            job.listeners.append(me)
        return [b"joined", job.id, b"running" if job.owner else b"waiting"]

    # -- claims

    def claim(self, me: bytes, generation: int, *arguments: int) -> Any:
        number, lowest, count, room = arguments
        if refusal := self._refusal(me, generation):
            return refusal
        answer: list[Any] = [b"claimed", 0, 0]
        taken = 0
        for priority, queue in enumerate(self.queues[: lowest + 1]):
            jobs, exhausted = self._take(queue, me, number + taken, count - taken)
            for job in jobs:
                answer += self._claimed(job, room)
            taken += len(jobs)
            if taken < count and not exhausted:
                answer[2] = 1
                return answer
            if not queue:
                answer[1] += 1 << priority
            if taken == count:
                answer[2] = len(queue)
                return answer
        return answer

    def _take(self, queue: list[bytes], me: bytes, number: int, count: int) -> tuple[list[Job], bool]:
        jobs: list[Job] = []
        for _ in range(self.limits.ghost_steps):
            if not queue:
                return jobs, True
            job = self.jobs.get(queue.pop(0))
            if job:
                job.owner, job.claim, job.attempt, job.said = me, number + len(jobs), job.attempt + 1, 0
                jobs.append(job)
            if len(jobs) == count:
                break
        return jobs, False

    def _claimed(self, job: Job, room: int) -> list[Any]:
        parts = [job.id, job.attempt, b"".join(job.listeners)]
        if job.beside:
            return [*parts, b"fetch", job.record]
        if len(job.record) <= room:
            return [*parts, b"whole", job.record]
        return [*parts, b"fetch", without_payload(job.record)]

    # -- runs on their way, and their end

    def progress(self, me: bytes, generation: int, *arguments: Any) -> bytes:
        job_id, attempt, numerator, denominator = arguments
        if refusal := self._refusal(me, generation):
            return refusal
        job = self._run(me, job_id, attempt)
        if job is None:
            return b"superseded"
        job.progress = (numerator, denominator)
        return b"noted"

    def post(self, me: bytes, generation: int, *arguments: Any) -> bytes:
        job_id, attempt, piece, kind, payload = arguments
        if refusal := self._refusal(me, generation):
            return refusal
        job = self._run(me, job_id, attempt)
        if job is None:
            return b"superseded"
        if piece > job.said:
            job.said = piece
            self._tell_others(job, me, kind, payload)
        return b"posted"

    def finish(self, me: bytes, generation: int, *arguments: Any) -> bytes:
        job_id, attempt, outcome, payload, known = arguments
        if refusal := self._refusal(me, generation):
            return refusal
        job = self.jobs.get(job_id)
        if job is None:
            return b"gone"
        if outcome != b"completed" and job.attempt != attempt:
            return b"superseded"
        if job.listeners not in ([], [me]):
            if not known.startswith(b"1"):
                return b"heard"
            self._tell_others(job, me, outcome, payload)
        self._forget(job, "completed" if outcome == b"completed" else "failed")
        return b"finished"

    def cancel(self, me: bytes, job_id: bytes) -> bytes:
        job = self.jobs.get(job_id)
        if job is None and job_id in self.dead:
            del self.dead[job_id]
            self.payloads.pop(job_id, None)
            self.counters.subtract(["dead"])
            self.counters.update(["dropped"])
            return b"cancelled"
        if job is None:
            return b"unknown"
        self._tell_others(job, me, b"failed", b"")
        self._forget(job, "dropped")
        return b"cancelled"

    def revive(self, job_id: bytes) -> Any:
        if job_id not in self.dead:
            return b"alive" if job_id in self.jobs else b"unknown"
        attempt, _, record = self.dead[job_id]
        if holder := self.jobs.with_unique(unpack_record(record).unique):
            return [b"held", holder.id]
        del self.dead[job_id]
        self.over.discard(job_id)
        self.counters.subtract(["dead"])
        background = record if unpack_record(record).background else bytes([record[0] + 4]) + record[1:]
        job = self.jobs[job_id] = Job(job_id, background, attempt=attempt)
        self.queues[job.priority].append(job_id)
        return b"revived"

    def void(self, me: bytes, generation: int, job_id: bytes, attempt: int) -> bytes:
        if refusal := self._refusal(me, generation):
            return refusal
        job = self._run(me, job_id, attempt)
        if job is None:
            return b"gone"
        if not job.beside or job.id in self.payloads:
            return b"there"
        self._tell_others(job, b"", b"failed", b"")
        self._forget(job, "failed")
        return b"void"

    def requeue(self, me: bytes, generation: int, manner: bytes, limit: int, *pairs: Any) -> Any:
        if refusal := self._refusal(me, generation):
            return refusal
        answer = [b"returned"]
        for job_id, attempt in zip(pairs[::2], pairs[1::2], strict=True):
            job = self._run(me, job_id, attempt)
            answer.append(self._give_back(job, manner, limit) if job else b"gone")
        return answer

    def _give_back(self, job: Job, manner: bytes, limit: int) -> bytes:
        if not job.background and not job.listeners:
            self._forget(job, "dropped")
            return b"dropped"
        if manner == b"house":
            job.owner = b""
            self.counters["requeued"] += 1
            self.queues[job.priority].insert(0, job.id)
            return b"requeued"
        job.charged += 1
        if limit >= 0 and job.charged >= max(limit, 1):
            self._tell_others(job, job.owner, b"failed", b"")
            self.dead[job.id] = (job.attempt, job.charged, job.record)
            self._forget(job, "dead")
            return b"dead"
        job.owner, job.progress = b"", (0, 0)
        self.counters["retried"] += 1
        self.queues[job.priority].append(job.id)
        return b"requeued"

    # -- who waits

    def detach(self, me: bytes, generation: int, *ids: bytes) -> bytes:
        if refusal := self._refusal(me, generation):
            return refusal
        for job_id in ids:
            self._stop_waiting(job_id, me)
        return b"detached"

    def _stop_waiting(self, job_id: bytes, me: bytes) -> None:
        job = self.jobs.get(job_id)
        if job is None:
            return
        if me in job.listeners:
            job.listeners.remove(me)
        if not job.listeners and not job.background and not job.owner:
            self._forget(job, "dropped")

    def _tell_others(self, job: Job, me: bytes, kind: bytes, payload: bytes) -> None:
        for listener in [listener for listener in job.listeners if listener != me]:
            if self.mail.has_room(listener, payload):
                self.mail.put(listener, job.id, kind, payload)
            else:
                job.listeners.remove(listener)
                self.mail.put(listener, job.id, b"failed", b"")

    # -- brokers that come and go

    def rejoin(self, me: bytes, generation: int, before: bytes, most: int) -> Any:
        if refusal := self._refusal(me, generation):
            return refusal
        self.standing.setdefault(me, Standing()).generation = generation
        jobs = [job for job in self.jobs.running(me) if not before or job.claim < int(before)][:most]
        running = [part for job in jobs for part in (job.id, job.attempt, b"".join(job.listeners))]
        return [running, b"%d" % jobs[-1].claim if len(jobs) == most else b"", 1]

    def attend(self, me: bytes, generation: int, *ids: bytes) -> Any:
        if refusal := self._refusal(me, generation):
            return refusal
        for job in map(self.jobs.get, ids):
            if job and me not in job.listeners:
                job.listeners.append(me)
        return [b"attended", *(job_id for job_id in ids if job_id not in self.jobs)]

    def fence(self, lost: bytes, steps: int, keep_seconds: int) -> list[Any]:
        self.standing.setdefault(lost, Standing()).over = True
        awaited = self.jobs.attending(lost)
        assert steps >= len(awaited), "which of them it takes first, is its choice"
        for job_id in awaited:
            self._stop_waiting(job_id, lost)
        for job in self.jobs.running(lost)[: steps - len(awaited)]:
            self._give_back(job, b"house", -1)
        self.mail.drop(lost)
        return [b"fenced", len(self.jobs.running(lost)) + len(self.jobs.attending(lost))]

    def leave(self, me: bytes, keep_seconds: int) -> bytes:
        if self.jobs.running(me) or self.jobs.attending(me):
            return b"busy"
        self.standing.setdefault(me, Standing()).over = True
        self.mail.drop(me)
        return b"left"

    # -- the clock

    def due(self, steps: int, *, now: int) -> None:
        for job in [job for job in self.jobs.scheduled() if (job.run_at or 0) <= now][:steps]:
            job.run_at = None
            self.queues[job.priority].append(job.id)

    # -- shared parts

    def _refusal(self, me: bytes, generation: int) -> bytes | None:
        return self.standing.get(me, Standing()).refusal(generation)

    def _run(self, me: bytes, job_id: bytes, attempt: int) -> Job | None:
        job = self.jobs.get(job_id)
        return job if job and job.owner == me and job.attempt == attempt else None

    def _forget(self, job: Job, ended: str) -> None:
        del self.jobs[job.id]
        self.over.add(job.id)
        if ended != "dead":
            self.payloads.pop(job.id, None)
        self.counters[ended] += 1


VERBS: Final[dict[str, Callable[..., Any]]] = {
    "enqueue": Life.enqueue, "claim": Life.claim, "progress": Life.progress, "post": Life.post,
    "finish": Life.finish, "requeue": Life.requeue, "detach": Life.detach, "rejoin": Life.rejoin,
    "attend": Life.attend,
    "fence": Life.fence, "leave": Life.leave, "due": Life.due, "cancel": Life.cancel,
    "revive": Life.revive,
    "void": Life.void, "discard": Life.discard,
}  # fmt: skip
"""What each script is to do."""

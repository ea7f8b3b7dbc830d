"""The ledger: what was acknowledged, what ran, with which bytes, how often; kept outside of broker and store."""

from collections import Counter

from protocol import GrabJobAll, JobAssignUniq, NoJob, Noop, PreSleep, WorkComplete
from tests.broker.peers import Peer


class Ledger:
    """One function's jobs, by payload: each submit has its own."""

    def __init__(self) -> None:
        self.acknowledged: dict[bytes, bytes] = {}
        """payload -> handle"""
        self.runs: Counter[bytes] = Counter()
        self.handles: dict[bytes, bytes] = {}
        """handle -> payload, of what ran"""
        self.wanted: set[bytes] = set()
        """What several handed in: one job or more, as often as the last of this unique was over"""
        self.excused: set[bytes] = set()
        """What was in Redis when somebody emptied it"""
        self._given_out: set[bytes] = set()

    def accepted(self, payload: bytes, handle: bytes) -> None:
        """JOB_CREATED was heard. No handle is given out twice."""
        assert handle not in self._given_out, f"{handle!r} was given out twice"
        self._given_out.add(handle)
        self.acknowledged[payload] = handle

    def joined(self, payload: bytes) -> None:
        """JOB_CREATED was heard of a job that others may have handed in as well."""
        self.wanted.add(payload)

    def handed_out(self, job: JobAssignUniq, name: bytes | None = None) -> None:
        """JOB_ASSIGN was heard. `name` is what the job goes by, if not by its payload."""
        assert self.handles.setdefault(job.handle, job.payload) == job.payload, "a handle names two payloads"
        assert self.acknowledged.get(job.payload, job.handle) == job.handle, "a payload under a handle of another"
        self.runs[job.payload if name is None else name] += 1

    async def run_all(self, worker: Peer, function: bytes) -> None:
        """Run whatever there is at this broker, until its own figures say that nothing is left."""
        await worker.can_do(function)
        while not isinstance(answer := await worker.ask(GrabJobAll()), NoJob) or await jobs_left(worker, function):
            if isinstance(answer, JobAssignUniq):
                self.handed_out(answer)
                await worker.say(WorkComplete(answer.handle, b""))
            else:
                assert await worker.ask(PreSleep()) == Noop()

    def nothing_is_lost(self) -> None:
        """Every job that was acknowledged ran."""
        lost = set(self.acknowledged) - set(self.runs) - self.excused
        lost |= self.wanted - set(self.handles.values()) - self.excused
        assert not lost, lost

    @property
    def ran_again(self) -> set[bytes]:
        """What ran more than once."""
        return {payload for payload, runs in self.runs.items() if runs > 1}


async def jobs_left(peer: Peer, function: bytes) -> int:
    """How many jobs of a function are not over, as `status` has it; at least one, if the broker cannot tell."""
    told = await peer.ask_in_text(b"status")
    if told.startswith(b"ERR"):
        return 1
    for line in told.splitlines():
        name, _, figures = line.partition(b"\t")
        if name == function:
            return int(figures.split(b"\t")[0])
    return 0

"""Jobs that are not over, and what can be asked of them."""

from dataclasses import dataclass, field

from tests.persistence.record import unpack_record


@dataclass
class Job:
    """One that is not over: scheduled if it has a time, running if it has an owner, else queued."""

    id: bytes
    record: bytes
    listeners: list[bytes] = field(default_factory=list)
    run_at: int | None = None
    owner: bytes = b""
    claim: int = 0
    attempt: int = 0
    charged: int = 0
    progress: tuple[int, int] = (0, 0)
    said: int = 0

    @property
    def unique(self) -> bytes:
        return unpack_record(self.record).unique

    @property
    def priority(self) -> int:
        return unpack_record(self.record).priority

    @property
    def background(self) -> bool:
        return unpack_record(self.record).background

    @property
    def beside(self) -> bool:
        return unpack_record(self.record).beside


class Jobs(dict[bytes, Job]):
    """All that are not over, by id."""

    def with_unique(self, unique: bytes) -> Job | None:
        """The one that holds a unique."""
        return next((job for job in self.values() if unique and job.unique == unique), None)

    def running(self, incarnation: bytes) -> list[Job]:
        """What an incarnation runs, newest claim first."""
        mine = [job for job in self.values() if job.owner == incarnation]
        return sorted(mine, key=lambda job: (job.claim, job.id), reverse=True)

    def attending(self, incarnation: bytes) -> list[bytes]:
        """What the clients of an incarnation wait for."""
        return [job.id for job in self.values() if incarnation in job.listeners]

    def scheduled(self) -> list[Job]:
        """The delayed ones, earliest first."""
        delayed = [job for job in self.values() if job.run_at is not None]
        return sorted(delayed, key=lambda job: (job.run_at, job.id))

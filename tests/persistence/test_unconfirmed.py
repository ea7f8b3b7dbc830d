"""What is held until replicas have it, and for how long."""

from persistence.errors import StoreError
from persistence.replies import Command, Reply
from persistence.unconfirmed import Unconfirmed


class Job:
    """Something that is held, and what it was told."""

    tag = b"{t:f}"
    replicas = 1

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.told: list[StoreError | None] = []

    def command(self) -> Command:
        return [b"PING"]

    def repeated(self, reply: Reply) -> None:
        raise AssertionError("nobody asked")

    def confirmed(self) -> None:
        self.told.append(None)

    def unconfirmed(self, error: StoreError) -> None:
        self.told.append(error)


def test_whose_time_is_up_is_told_also_behind_those_who_may_wait_for_longer() -> None:
    held, jobs = Unconfirmed(), [Job(60.0), Job(5.0), Job(9.0), Job(5.0)]
    for job in jobs:
        held.hold(job)
    assert not held.expire(4.9, 0)
    assert held.expire(5.0, 0)
    assert [len(job.told) for job in jobs] == [0, 1, 0, 1]
    assert not held.expire(5.1, 0)
    held.confirm(1)
    assert [job.told for job in (jobs[0], jobs[2])] == [[None], [None]]
    assert not held

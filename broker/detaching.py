"""Jobs that nobody waits for here any more: those that are for nobody else are dropped."""

from collections.abc import Callable, Collection, Sequence

from broker.core import Broker
from persistence import Function, JobId
from persistence.gathering import some_at_a_time


def detach(broker: Broker, function: Function, jobs: Sequence[JobId], told: Callable[[], None] = lambda: None) -> None:
    """Nobody waits here any more for these jobs, no more of them than one script takes; `told`, when Redis knows.

    Until then `broker.detaching` has their handles. A submit that was sent before this, and joins one of them, has
    joined a job that may be gone with it: whoever finds the handle there submits again.
    """
    _mark(broker, function, jobs)
    _tell(broker, function, jobs, told)


def detach_soon(broker: Broker, function: Function, job: JobId) -> None:
    """The same for one job, together with others of this event: when Redis is away, all who submit are refused."""
    _mark(broker, function, [job])
    broker.unwanted.setdefault(function.name, (function, []))[1].append(job)


def detach_the_unwanted(broker: Broker) -> None:
    """Tell Redis of those: the event is at its end."""
    unwanted, broker.unwanted = broker.unwanted, {}
    for function, jobs in unwanted.values():
        for some in some_at_a_time(jobs):
            _tell(broker, function, some)


def _mark(broker: Broker, function: Function, jobs: Sequence[JobId]) -> None:
    broker.detaching.update(broker.store.claiming.handle(function, job) for job in jobs)


def _tell(broker: Broker, function: Function, jobs: Sequence[JobId], told: Callable[[], None] = lambda: None) -> None:
    handles = {broker.store.claiming.handle(function, job) for job in jobs}

    def done() -> None:
        for handle in handles:
            broker.detaching[handle] -= 1
            if not broker.detaching[handle]:
                del broker.detaching[handle]
        told()

    broker.store.ending.detach(function, jobs, done)
    _drop_reserved(broker, function, handles)


def _drop_reserved(broker: Broker, function: Function, handles: Collection[bytes]) -> None:
    """What is reserved here runs, as far as Redis knows, so it would stay for whoever asks next.

    Given back behind the news that nobody waits, such a job is dropped. It goes back to the head of its queue if it
    has become a background job meanwhile, or if somebody waits for it at another broker.
    """
    line = broker.line_of(function)
    if line is None:
        return
    reserved = line.unreserve(handles)
    if reserved:
        broker.store.claiming.give_back(function, [(job.id, job.attempt) for job in reserved])

"""Jobs that nobody waits for here any more: those that are for nobody else are dropped."""

from collections.abc import Callable, Sequence

from broker.core import Broker
from persistence import Function, JobId


def detach(broker: Broker, function: Function, jobs: Sequence[JobId], told: Callable[[], None] = lambda: None) -> None:
    """Nobody waits here any more for these jobs, no more of them than one script takes; `told`, when Redis knows.

    Until then `broker.detaching` has their handles. A submit that was sent before this, and joins one of them, has
    joined a job that may be gone with it: whoever finds the handle there submits again.
    """
    handles = [broker.store.claiming.handle(function, job) for job in jobs]
    broker.detaching.update(handles)

    def done() -> None:
        for handle in handles:
            broker.detaching[handle] -= 1
            if not broker.detaching[handle]:
                del broker.detaching[handle]
        told()

    broker.store.ending.detach(function, jobs, done)

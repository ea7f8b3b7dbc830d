"""Clients that wait no more: the jobs that are only for them are dropped."""

from collections.abc import Sequence

from broker.core import Broker
from persistence import Function, JobId


def detach(broker: Broker, function: Function, jobs: Sequence[JobId]) -> None:
    """Nobody waits here any more for these jobs. Until Redis knows, `broker.detaching` has their handles.

    A submit that was sent before this, and joins one of them, has joined a job that may be gone with it: whoever
    finds the handle there submits again.
    """
    handles = [broker.store.claiming.handle(function, job) for job in jobs]
    broker.detaching.update(handles)

    def done() -> None:
        for handle in handles:
            broker.detaching[handle] -= 1
            if not broker.detaching[handle]:
                del broker.detaching[handle]

    broker.store.ending.detach(function, jobs, done)

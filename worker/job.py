"""What a job's function is given: the job, and the ways to tell about it."""

from collections.abc import Awaitable, Callable

from protocol import JobAssignAll, JobAssignUniq, Packet, WorkData, WorkStatus, WorkWarning

__all__ = ["Job"]


class Job:
    """A job that is being run.

    The methods wait while the server does not keep up with what it is told. Cancelled, they have told
    nothing. When the connection is lost they tell nobody: the server gives the job to another worker, and
    this run is cancelled in a moment.

    Attributes:
        function: under which name it was submitted.
        handle: the server's name for it, the same in every attempt.
        unique: its submitter's name for it, or empty.
        reducer: for map/reduce, the function that its pieces are to be sent on to, or empty.
        payload: what it is to be done with.

    Example:
        async def shrink(job: Job) -> bytes:
            await job.progress(0, 1)
            if not job.payload:
                await job.warn("nothing to shrink")
            await job.data(job.payload[::2])
            return b""

        async with trio.open_nursery() as nursery:
            await nursery.start(run_worker, "127.0.0.1:4730", {"halve": shrink})
            assert await client.call("halve", b"abcd") == b"ac"
            nursery.cancel_scope.cancel()
    """

    __slots__ = ("_say", "function", "handle", "payload", "reducer", "unique")

    def __init__(self, assigned: JobAssignUniq | JobAssignAll, say: Callable[[Packet], Awaitable[None]]) -> None:
        self.function: bytes = assigned.function
        self.handle: bytes = assigned.handle
        self.unique: bytes = assigned.unique
        self.reducer: bytes = assigned.reducer if isinstance(assigned, JobAssignAll) else b""
        self.payload: bytes = assigned.payload
        self._say = say

    def __str__(self) -> str:
        """What a log calls it: ``job HANDLE of FUNCTION``; what is no UTF-8 is shown as escapes."""
        handle, function = (name.decode("utf-8", "backslashreplace") for name in (self.handle, self.function))
        return f"job {handle} of {function}"

    async def progress(self, numerator: int, denominator: int) -> None:
        """Tells that `numerator` of `denominator` parts are done (WORK_STATUS); ValueError if below 0."""
        if numerator < 0 or denominator < 0:
            raise ValueError(f"progress counts from 0: {numerator} of {denominator}")
        await self._say(WorkStatus(self.handle, b"%d" % numerator, b"%d" % denominator))

    async def data(self, payload: bytes | str) -> None:
        """Sends a part of the result ahead (WORK_DATA); text leaves as UTF-8."""
        await self._say(WorkData(self.handle, _told(payload)))

    async def warn(self, payload: bytes | str) -> None:
        """Sends a warning and goes on (WORK_WARNING); text leaves as UTF-8."""
        await self._say(WorkWarning(self.handle, _told(payload)))


def _told(payload: bytes | str) -> bytes:
    if isinstance(payload, str):
        return payload.encode()
    if not isinstance(payload, bytes):
        raise TypeError(f"what a job tells on its way is bytes or text, not {type(payload).__name__}")
    return payload

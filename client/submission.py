"""A job as its submitter describes it, checked when it is described and not when it is sent."""

from datetime import datetime
from typing import TypeAlias, TypedDict, TypeVar, cast, overload

from client.arguments import as_bytes, checked_reducer, checked_unique, unix_seconds
from client.calendar_minute import CalendarMinute
from peer import Function
from protocol import Connection, Priority, Role, SubmitJob, SubmitJobEpoch, SubmitJobSched, SubmitReduceJob

__all__ = ["BackgroundJob", "JobOptions", "Submission", "When", "attended_submission", "background_job", "encoded_job"]

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")

When: TypeAlias = datetime | int | CalendarMinute
"""A datetime with a time zone, unix seconds, or the next minute of the calendar that matches."""

WIRE = Connection(Role.PEER)  # to encode with, which changes nothing in it


class JobOptions(TypedDict, total=False):
    """What may be said about any job, by keyword.

    Example:
        urgent: JobOptions = {"priority": Priority.HIGH, "unique": "mail-17"}
        handle = await client.submit_background("sendEmail", b"to: ann@example.org", **urgent)
    """

    unique: bytes | str
    """At most 63 bytes; while a job of this function and unique is not over, the submit joins it. Default: empty,
    a job of its own."""

    priority: Priority
    """Within the function; `Priority.NORMAL` unless told otherwise."""

    reducer: bytes | str
    """For map/reduce: the function that the job's worker is to send its pieces on to. Such jobs have normal priority.
    Default: empty, none."""


class Submission:
    """The packet that submits a job, its bytes, and whether it may be sent twice."""

    __slots__ = ("data", "packet", "repeatable")

    def __init__(self, packet: SubmitJob | SubmitJobEpoch | SubmitJobSched | SubmitReduceJob) -> None:
        self.packet: SubmitJob | SubmitJobEpoch | SubmitJobSched | SubmitReduceJob = packet
        self.data: bytes = WIRE.send(packet)
        # Does an equal submit join this job? With "-" too, yet not if the payload is empty: better safe.
        self.repeatable: bool = packet.unique not in (b"", b"-")

    def __repr__(self) -> str:
        packet = self.packet
        return f"<{type(self).__name__} of {packet.function!r}, unique {packet.unique!r}, {len(packet.payload)} bytes>"


class BackgroundJob(Submission):
    """A job that nobody waits for, described but not submitted: what `Client.submit_many` takes.

    Args:
        function: its name, or a `Function`, which says what the payload must be.
        payload: what it is to be done with.
        run_at: not before then, see `When`. Such jobs have normal priority.
        options: see `JobOptions`.

    Raises:
        ValueError: an argument that no server takes.
        LocalProtocolError: a name that cannot be said, such as one with a NUL in it.
        PayloadError: the payload is not what the function declares.

    Attributes:
        packet: what is said to the server.
        data: the same as bytes.
        repeatable: its unique makes it safe to say it again when the answer was lost.

    Example:
        job = BackgroundJob("sendEmail", b"to: ann@example.org", unique="mail-17", priority=Priority.HIGH)
        assert job.repeatable
    """

    __slots__ = ()

    @overload
    def __init__(
        self,
        function: bytes | str,
        payload: bytes | str,
        *,
        run_at: When | None = None,
        unique: bytes | str = b"",
        priority: Priority = Priority.NORMAL,
        reducer: bytes | str = b"",
    ) -> None: ...

    @overload
    def __init__(
        self,
        function: Function[PayloadT, ResultT],
        payload: PayloadT,
        *,
        run_at: When | None = None,
        unique: bytes | str = b"",
        priority: Priority = Priority.NORMAL,
        reducer: bytes | str = b"",
    ) -> None: ...

    def __init__(
        self,
        function: bytes | str | Function[PayloadT, ResultT],
        payload: bytes | str | PayloadT,
        *,
        run_at: When | None = None,
        unique: bytes | str = b"",
        priority: Priority = Priority.NORMAL,
        reducer: bytes | str = b"",
    ) -> None:
        name, data = encoded_job(function, payload)
        if run_at is not None and reducer:
            raise ValueError("a job with a reducer cannot have run_at: no packet says both")
        if run_at is not None:
            _must_be_normal(priority, "run_at")
            super().__init__(_delayed(name, data, run_at, checked_unique(unique)))
        else:
            super().__init__(_packet(name, data, unique, priority, reducer, background=True))


def attended_submission(
    function: bytes,
    payload: bytes,
    *,
    unique: bytes | str = b"",
    priority: Priority = Priority.NORMAL,
    reducer: bytes | str = b"",
) -> Submission:
    """A job that somebody waits for."""
    return Submission(_packet(function, payload, unique, priority, reducer, background=False))


def background_job(
    function: bytes | str | Function[PayloadT, ResultT],
    payload: bytes | str | PayloadT,
    run_at: When | None,
    options: JobOptions,
) -> BackgroundJob:
    """A job that nobody waits for, from the arguments of the methods that submit one."""
    name, data = encoded_job(function, payload)
    return BackgroundJob(name, data, run_at=run_at, **options)


def encoded_job(
    function: bytes | str | Function[PayloadT, ResultT], payload: bytes | str | PayloadT
) -> tuple[bytes, bytes]:
    """The function's name and the payload's bytes.

    Raises:
        PayloadError: the codec of the function refuses the payload.
        TypeError: the function was given by name, and the payload is neither bytes nor text.
    """
    if isinstance(function, Function):
        return function.name, function.encode_payload(cast(PayloadT, payload))
    what = "the payload of a function given by name"
    return as_bytes(function, "the name of a function"), as_bytes(cast(bytes | str, payload), what)


def _packet(
    function: bytes,
    payload: bytes,
    unique: bytes | str,
    priority: Priority,
    reducer: bytes | str,
    *,
    background: bool,
) -> SubmitJob | SubmitReduceJob:
    if priority not in tuple(Priority):
        raise ValueError(f"the priority is one of Priority, such as Priority.HIGH, not {priority!r}")
    if not reducer:
        return SubmitJob(function, checked_unique(unique), payload, priority, background=background)
    _must_be_normal(priority, "a reducer")
    # gearmand demands the aggregator, and ignores it.
    return SubmitReduceJob(function, checked_unique(unique), checked_reducer(reducer), b"", payload, background)


def _delayed(function: bytes, payload: bytes, run_at: When, unique: bytes) -> SubmitJobEpoch | SubmitJobSched:
    if isinstance(run_at, CalendarMinute):
        return SubmitJobSched(function, unique, *run_at.fields, payload)
    return SubmitJobEpoch(function, unique, unix_seconds(run_at), payload)


def _must_be_normal(priority: Priority, why: str) -> None:
    if priority is not Priority.NORMAL:
        raise ValueError(f"a job with {why} has normal priority: its packet knows no other")

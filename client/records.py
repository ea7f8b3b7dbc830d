"""What a client is told about a job."""

from dataclasses import dataclass
from typing import TypeAlias

from client.errors import CannotConnectError, ConnectionLostError, RefusedError
from client.submission import BackgroundJob

__all__ = ["Data", "Progress", "Status", "Submitted", "UniqueStatus", "Update", "Warned"]


@dataclass(frozen=True, slots=True)
class Status:
    """How a job stands.

    Gearman servers forget a job when it ends, so `known` is False for a job that is over as well as for one
    that never was.

    Example:
        handle = await client.submit_background("sendEmail", b"to: ann@example.org")
        match await client.status(handle):
            case Status(known=False):
                print("over")
            case Status(running=True, numerator=done, denominator=all):
                print(done, "of", all, "done")
            case Status():
                print("queued")
    """

    known: bool
    """It is queued or running."""
    running: bool
    """A worker has it."""
    numerator: int
    """Of `denominator` parts, so many are done, as its worker last said; 0 of 0 if it said nothing."""
    denominator: int


@dataclass(frozen=True, slots=True)
class UniqueStatus:
    """As `Status`, for a unique instead of a handle.

    Example:
        status = await client.status_by_unique("mail-17")
        assert isinstance(status, UniqueStatus)
        print(status.clients, "clients wait for it")
    """

    known: bool
    running: bool
    numerator: int
    denominator: int
    clients: int
    """How many clients wait for its result."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """How one submit of `Client.submit_many` ended.

    Example:
        lost: list[Submitted] = []
        async for submitted in client.submit_many([BackgroundJob("sendEmail", b"to: ann@example.org")]):
            if submitted.error is not None:
                lost.append(submitted)
    """

    job: BackgroundJob
    """What was submitted."""
    handle: bytes | None
    """The server accepted it under this handle; None: see `error`."""
    error: CannotConnectError | ConnectionLostError | RefusedError | None
    """Why there is no handle: it was not sent, it may or may not have been accepted, or it was refused."""


@dataclass(frozen=True, slots=True)
class Data:
    """The worker sent a part of the result (WORK_DATA).

    Example:
        async with client.follow("resize", b"a picture") as job:
            parts = [update.payload async for update in job if isinstance(update, Data)]
    """

    payload: bytes


@dataclass(frozen=True, slots=True)
class Warned:
    """The worker sent a warning and goes on (WORK_WARNING); `Warning` would hide Python's own.

    Example:
        async with client.follow("resize", b"a picture") as job:
            warnings = [update.payload async for update in job if isinstance(update, Warned)]
    """

    payload: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """The worker said how far it has come (WORK_STATUS).

    Example:
        async with client.follow("resize", b"a picture") as job:
            async for update in job:
                if isinstance(update, Progress) and update.denominator:
                    print(f"{update.numerator / update.denominator:.0%}")
    """

    numerator: int
    denominator: int


Update: TypeAlias = Data | Warned | Progress
"""What `FollowedJob` yields."""

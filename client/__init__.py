"""A Gearman client for trio: hand in jobs, wait for them, watch them.

async with open_client("127.0.0.1:4730") as client:
    handle = await client.submit_background("sendEmail", payload)
    status = await client.status(handle)
    result = await client.call("resize", picture)
    async with client.follow("resize", picture) as job:
        async for update in job:
            print(update)

A function that both ends agree on is declared once, and a type checker then checks both:

send_email = Function("sendEmail", payload=Email, result=Receipt)   # pydantic models, for instance
receipt = await client.call(send_email, Email(to="ann@example.org"))

Programs without trio find the same in `client.blocking`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from client.admin_records import ConnectedPeer, DeadJob, FunctionQueues, FunctionStatus, ListedJob
from client.calendar_minute import CalendarMinute
from client.errors import (
    CannotConnectError,
    ClientClosedError,
    ClientError,
    ConnectionLostError,
    JobFailedError,
    JobRaisedError,
    RefusedError,
    ResultTooLargeError,
    TimedOutError,
    UnreadableReplyError,
    UnreadableResultError,
    UpdatesOverrunError,
)
from client.records import Data, Progress, Status, Submitted, UniqueStatus, Update, Warned
from client.submission import BackgroundJob, JobOptions, When
from peer import JSON, Codec, Function, PayloadError
from protocol import Priority

if TYPE_CHECKING:
    from client.admin import Admin
    from client.client import Client
    from client.job import FollowedJob
    from client.opening import open_client
    from client.pipeline import SubmitPipeline

__all__ = [
    "JSON",
    "Admin",
    "BackgroundJob",
    "CalendarMinute",
    "CannotConnectError",
    "Client",
    "ClientClosedError",
    "ClientError",
    "Codec",
    "ConnectedPeer",
    "ConnectionLostError",
    "Data",
    "DeadJob",
    "FollowedJob",
    "Function",
    "FunctionQueues",
    "FunctionStatus",
    "JobFailedError",
    "JobOptions",
    "JobRaisedError",
    "ListedJob",
    "PayloadError",
    "Priority",
    "Progress",
    "RefusedError",
    "ResultTooLargeError",
    "Status",
    "SubmitPipeline",
    "Submitted",
    "TimedOutError",
    "UniqueStatus",
    "UnreadableReplyError",
    "UnreadableResultError",
    "Update",
    "UpdatesOverrunError",
    "Warned",
    "When",
    "open_client",
]

_NEED_TRIO: Final = {
    "Admin": "client.admin",
    "Client": "client.client",
    "FollowedJob": "client.job",
    "SubmitPipeline": "client.pipeline",
    "open_client": "client.opening",
}
"""Imported when they are asked for: who imports `client.blocking` passes here, and needs no trio (PEP 562)."""

if not TYPE_CHECKING:  # a type checker would take it for a sign that every name is here

    def __getattr__(name):
        home = _NEED_TRIO.get(name)
        if home is None:
            raise AttributeError(f"module 'client' has no attribute {name!r}; it has {', '.join(__all__)}")
        globals()[name] = found = getattr(import_module(home), name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

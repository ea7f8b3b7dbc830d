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
"""

from client.admin import Admin
from client.admin_records import ConnectedPeer, FunctionQueues, FunctionStatus, ListedJob
from client.client import Client
from client.errors import (
    CannotConnectError,
    ClientError,
    ConnectionLostError,
    JobFailedError,
    JobRaisedError,
    RefusedError,
    ResultTooLargeError,
    UnreadableReplyError,
    UnreadableResultError,
    UpdatesOverrunError,
)
from client.job import FollowedJob
from client.opening import open_client
from client.pipeline import SubmitPipeline
from client.records import Data, Progress, Status, Submitted, UniqueStatus, Update, Warned
from client.submission import BackgroundJob, JobOptions
from peer import JSON, Codec, Function, PayloadError
from protocol import Priority

__all__ = [
    "JSON",
    "Admin",
    "BackgroundJob",
    "CannotConnectError",
    "Client",
    "ClientError",
    "Codec",
    "ConnectedPeer",
    "ConnectionLostError",
    "Data",
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
    "UniqueStatus",
    "UnreadableReplyError",
    "UnreadableResultError",
    "Update",
    "UpdatesOverrunError",
    "Warned",
    "open_client",
]

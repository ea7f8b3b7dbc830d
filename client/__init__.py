"""A Gearman client for trio: hand in jobs, wait for them, watch them.

async with open_client("127.0.0.1:4730") as client:
    handle = await client.submit_background("sendEmail", payload)
    status = await client.status(handle)
    result = await client.call("resize", picture)
    async with client.follow("resize", picture) as job:
        async for update in job:
            print(update)
"""

from client.client import Client
from client.errors import (
    CannotConnectError,
    ClientError,
    ConnectionLostError,
    JobFailedError,
    JobRaisedError,
    RefusedError,
    ResultTooLargeError,
    UpdatesOverrunError,
)
from client.job import FollowedJob
from client.opening import open_client
from client.records import Data, Progress, Status, UniqueStatus, Update, Warned
from protocol import Priority

__all__ = [
    "CannotConnectError",
    "Client",
    "ClientError",
    "ConnectionLostError",
    "Data",
    "FollowedJob",
    "JobFailedError",
    "JobRaisedError",
    "Priority",
    "Progress",
    "RefusedError",
    "ResultTooLargeError",
    "Status",
    "UniqueStatus",
    "Update",
    "UpdatesOverrunError",
    "Warned",
    "open_client",
]

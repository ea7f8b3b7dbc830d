"""A function that both ends declare once: a worker and a client of it in one program.

usage: python examples/python/shared.py [HOST [PORT]]
"""

import sys

import trio
from pydantic import BaseModel

from client import Function, JobFailedError, open_client
from worker import Job, Worker


class Email(BaseModel):
    """What the client sends."""

    to: str
    subject: str = "no subject"


class Receipt(BaseModel):
    """What the worker answers."""

    recipient: str
    characters: int


send_email = Function("sendEmailTyped", payload=Email, result=Receipt)
worker = Worker(concurrency=4)


@worker.register(send_email, timeout=30)
async def send(job: Job, email: Email) -> Receipt:
    """Gets an `Email` and not bytes; a payload that is none never comes here."""
    return Receipt(recipient=email.to, characters=len(email.subject))


async def main(server: str) -> None:
    """Starts the worker, asks it twice, and lets it end."""
    async with trio.open_nursery() as nursery, open_client(server) as client:
        await nursery.start(worker.run, server)
        receipt = await client.call(send_email, Email(to="ann@example.org", subject="The minutes of Monday"))
        print(receipt)
        try:
            await client.call("sendEmailTyped", b'{"to": 17}')  # by name, as an old PHP client might do it
        except JobFailedError as error:
            print(error)
        worker.drain()


trio.run(main, ":".join(sys.argv[1:]) or "127.0.0.1:4730")

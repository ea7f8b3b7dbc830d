"""What a type checker must accept, with the types it must find."""

from typing import assert_type

from pydantic import BaseModel, JsonValue

from client import JSON, BackgroundJob, Client, Function, Priority
from client.blocking import Client as BlockingClient
from worker import Job, ThreadJob, Worker


class Email(BaseModel):
    """What goes in."""

    to: str


class Receipt(BaseModel):
    """What comes out."""

    number: int


send_email = Function("sendEmail", payload=Email, result=Receipt)
log = Function("log", payload=str)
anything = Function("anything", payload=JSON, result=JSON)
total = Function("total", payload=list[int], result=int)

assert_type(send_email, Function[Email, Receipt])
assert_type(log, Function[str, None])
assert_type(anything, Function[JsonValue, JsonValue])
assert_type(total, Function[list[int], int])


async def by_name(client: Client) -> None:
    """Functions given by name."""
    assert_type(await client.submit_background("sendEmail", "text", priority=Priority.HIGH), bytes)
    assert_type(await client.call(b"resize", b"picture", unique="u"), bytes)
    async with client.follow("resize", b"picture", unread_bytes=1000, reducer="join") as job:
        assert_type(await job.result(), bytes)


async def by_function(client: Client) -> None:
    """Functions that are declared."""
    email = Email(to="ann@example.org")
    assert_type(await client.submit_background(send_email, email, run_at=17), bytes)
    assert_type(await client.submit_at(17, send_email, email), bytes)
    assert_type(await client.call(send_email, email, priority=Priority.LOW), Receipt)
    assert_type(await client.call(total, [1, 2]), int)
    await client.call(log, "text")
    async with client.follow(send_email, email) as job:
        assert_type(await job.result(), Receipt)
    async for submitted in client.submit_many(BackgroundJob(send_email, one) for one in [email]):
        assert_type(submitted.handle, bytes | None)


def without_trio(client: BlockingClient) -> None:
    """The same, for programs that block."""
    email = Email(to="ann@example.org")
    assert_type(client.submit_background(send_email, email, run_at=17, timeout=1), bytes)
    assert_type(client.submit_at(17, send_email, email), bytes)
    assert_type(client.call(send_email, email, priority=Priority.LOW, timeout=30), Receipt)
    assert_type(client.call(b"resize", b"picture", unique="u"), bytes)
    with client.follow(total, [1, 2]) as job:
        assert_type(job.result(), int)
    for submitted in client.submit_many(BackgroundJob(send_email, one) for one in [email]):
        assert_type(submitted.handle, bytes | None)


worker = Worker()


@worker.register(send_email, timeout=30)
async def send(job: Job, email: Email) -> Receipt:
    """An async function of a declared one."""
    return Receipt(number=len(email.to))


@worker.register_plain(total)
def add(job: ThreadJob, numbers: list[int]) -> int:
    """A plain function of a declared one."""
    return sum(numbers)


@worker.register("resize")
async def resize(job: Job) -> bytes:
    """An async function by name."""
    return job.payload


@worker.register_plain(b"shrink")
def shrink(job: ThreadJob) -> str | None:
    """A plain function by name."""
    return None


async def decorated(job: Job, told: ThreadJob) -> None:
    """What is decorated keeps its type."""
    assert_type(await send(job, Email(to="ann")), Receipt)
    assert_type(add(told, [1]), int)
    assert_type(await resize(job), bytes)
    assert_type(shrink(told), str | None)


@worker.register_in_process(total)
def add_all(numbers: list[int]) -> int:
    """A function for a process gets its payload alone."""
    return sum(numbers)


@worker.register_in_process("crunch")
def crunch(payload: bytes) -> bytes:
    """By name."""
    return payload


assert_type(add_all([1]), int)
assert_type(crunch(b""), bytes)

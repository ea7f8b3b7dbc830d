"""What a type checker must refuse; each line that is wrong says with which error."""

from pydantic import BaseModel

from client import BackgroundJob, Client, Function
from client.blocking import Client as BlockingClient
from worker import Job, ThreadJob, Worker


class Email(BaseModel):
    """What goes in."""

    to: str


class Receipt(BaseModel):
    """What comes out."""

    number: int


send_email = Function("sendEmail", payload=Email, result=Receipt)


async def wrong(client: Client) -> None:
    """Every statement here has one error."""
    await client.submit_background(send_email, "ann@example.org")  # type: ignore[misc]
    await client.submit_background(send_email, Receipt(number=1))  # type: ignore[misc]
    await client.submit_background("sendEmail", Email(to="ann"))  # type: ignore[call-overload]
    await client.submit_background("sendEmail", b"", uniqe="u")  # type: ignore[call-overload]
    await client.submit_at("tomorrow", send_email, Email(to="ann"))  # type: ignore[call-overload]
    await client.call(send_email, b"bytes")  # type: ignore[misc]
    receipt: str = await client.call(send_email, Email(to="ann"))  # type: ignore[arg-type]
    client.follow(send_email, 17)  # type: ignore[misc]
    BackgroundJob(send_email, "ann@example.org")  # type: ignore[misc]
    Function("f")  # type: ignore[call-overload]
    assert receipt


def wrong_without_trio(client: BlockingClient) -> None:
    """Every statement here has one error."""
    client.submit_background(send_email, "ann@example.org")  # type: ignore[misc]
    client.submit_background("sendEmail", b"", uniqe="u")  # type: ignore[call-overload]
    client.call(send_email, b"bytes")  # type: ignore[misc]
    receipt: str = client.call(send_email, Email(to="ann"))  # type: ignore[assignment]
    assert receipt


worker = Worker()


@worker.register(send_email)  # type: ignore[arg-type]
async def of_other_payload(job: Job, email: Receipt) -> Receipt:
    """It gets an `Email`."""
    return email


@worker.register(send_email)  # type: ignore[arg-type]
async def of_other_result(job: Job, email: Email) -> Email:
    """It must return a `Receipt`."""
    return email


@worker.register(send_email)  # type: ignore[arg-type]
def not_async(job: Job, email: Email) -> Receipt:
    """It would block the loop."""
    return Receipt(number=1)


@worker.register("resize")  # type: ignore[type-var]
async def of_no_bytes(job: Job) -> int:
    """By name, results are bytes or text."""
    return 17


@worker.register_plain("resize")  # type: ignore[type-var]
async def not_plain(job: ThreadJob) -> bytes:
    """A thread awaits nothing."""
    return b""

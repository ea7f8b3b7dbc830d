"""A `Function` in the place of a name: values in, values out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from pydantic import BaseModel

from client import BackgroundJob, Function, PayloadError, UnreadableResultError, open_client
from protocol import WorkComplete, WorkData
from tests.processes import ServerProcess
from tests.raw_worker import RawWorker, raw_worker


class Email(BaseModel):
    """What goes in."""

    to: str


class Receipt(BaseModel):
    """What comes out."""

    number: int


@pytest.fixture
def send_email(function: str) -> Function[Email, Receipt]:
    return Function(function, payload=Email, result=Receipt)


ANN = Email(to="ann@example.org")
WRITTEN = b'{"to":"ann@example.org"}'


@asynccontextmanager
async def both(server: ServerProcess, function: Function[Email, Receipt]) -> AsyncIterator[RawWorker]:
    async with raw_worker(server, function.name.decode()) as worker:
        yield worker


async def test_every_way_to_submit_takes_a_value(server: ServerProcess, send_email: Function[Email, Receipt]) -> None:
    async with open_client(server.address) as client, both(server, send_email) as worker:
        await client.submit_background(send_email, ANN)
        await client.submit_at(1, send_email, ANN)
        async for submitted in client.submit_many([BackgroundJob(send_email, ANN)]):
            assert submitted.error is None
        for _ in range(3):
            job = await worker.take()
            assert job.payload == WRITTEN
            await worker.say(WorkComplete(job.handle, b""))


async def test_a_followed_job_returns_a_value(server: ServerProcess, send_email: Function[Email, Receipt]) -> None:
    async with (
        open_client(server.address) as client,
        both(server, send_email) as worker,
        client.follow(send_email, ANN) as followed,
    ):
        job = await worker.take()
        assert job.payload == WRITTEN
        await worker.say(WorkComplete(job.handle, b'{"number": 17}'))
        assert await followed.result() == Receipt(number=17)
        assert await followed.result() == Receipt(number=17)


async def test_a_called_job_returns_a_value_also_one_in_pieces(
    server: ServerProcess, send_email: Function[Email, Receipt]
) -> None:
    async with (
        open_client(server.address) as client,
        both(server, send_email) as worker,
        trio.open_nursery() as nursery,
    ):

        async def work() -> None:
            job = await worker.take()
            await worker.say(WorkData(job.handle, b'{"num'), WorkComplete(job.handle, b'ber":1}'))

        nursery.start_soon(work)
        assert await client.call(send_email, ANN) == Receipt(number=1)


async def test_a_result_that_does_not_fit_is_not_handed_out(
    server: ServerProcess, send_email: Function[Email, Receipt]
) -> None:
    async with (
        open_client(server.address) as client,
        both(server, send_email) as worker,
        client.follow(send_email, ANN) as followed,
    ):
        job = await worker.take()
        await worker.say(WorkComplete(job.handle, b'{"number": "many"}'))
        with pytest.raises(UnreadableResultError, match="number: Input should be a valid integer") as caught:
            await followed.result()
        assert (caught.value.handle, caught.value.data) == (job.handle, b'{"number": "many"}')


async def test_a_payload_that_does_not_fit_is_not_sent(
    server: ServerProcess, send_email: Function[Email, Receipt], function: str
) -> None:
    wrong: Email = "ann@example.org"  # type: ignore[assignment]  # that is the fault
    async with open_client(server.address) as client, both(server, send_email) as worker:
        with pytest.raises(PayloadError, match=f"the payload of {function} cannot be sent"):
            await client.submit_background(send_email, wrong)
        with pytest.raises(TypeError, match="by name is bytes or text, not Email"):
            await client.submit_background(function, ANN)  # type: ignore[call-overload]  # that is the fault
        assert await worker.grab() is None

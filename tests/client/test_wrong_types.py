"""What untyped code may hand to a client by mistake: with trio and without, the mistake is named where it is made."""

from collections.abc import Callable

import pytest
import trio

from client import BackgroundJob, open_client
from client.blocking import Client
from tests.gearman_servers import ONE_SERVER
from tests.processes import ServerProcess

SUBMITS: dict[str, tuple[Callable[..., object], str]] = {
    "no function": (lambda job: job(None, b""), "the name of a function is bytes or text, not NoneType"),
    "a number": (lambda job: job("f", 7), "the payload of a function given by name is bytes or text, not int"),
    "no unique": (lambda job: job("f", b"", unique=None), "a unique is bytes or text, not NoneType"),
    "a reducer that is none": (lambda job: job("f", b"", reducer=7), "a reducer is bytes or text, not int"),
}

SETTINGS = {
    "no time at all": ({"connect_timeout_seconds": 0}, "a time-out is above 0 seconds"),
    "no number": ({"connect_timeout_seconds": float("nan")}, "a time-out is above 0 seconds"),
    "no room": ({"max_body": 0}, "max_body must be at least 1"),
    "TLS, somehow": ({"tls": True}, r"tls is an ssl\.SSLContext, such as .*, not True"),
}


@pytest.mark.parametrize(("submit", "sentence"), SUBMITS.values(), ids=SUBMITS)
def test_a_job_is_refused(submit: Callable[..., object], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        submit(BackgroundJob)


@ONE_SERVER
async def test_a_handle_that_is_none_is_refused(server: ServerProcess) -> None:
    async with open_client(server.address) as client:
        with pytest.raises(TypeError, match="a handle is bytes or text, not NoneType"):
            await client.status(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("arguments", "sentence"), SETTINGS.values(), ids=SETTINGS)
def test_a_client_is_not_made(arguments: dict[str, float], sentence: str) -> None:
    async def enter() -> None:
        async with open_client("127.0.0.1:1", **arguments):  # type: ignore[arg-type]  # of several kinds in one table
            raise AssertionError("the block was entered")

    with pytest.raises((ValueError, TypeError), match=sentence):
        trio.run(enter)
    with pytest.raises((ValueError, TypeError), match=sentence):
        Client("127.0.0.1:1", **arguments)  # type: ignore[arg-type]  # as above


@ONE_SERVER
@pytest.mark.parametrize("mistake", [None, ("f", b"x")], ids=["a None", "a tuple"])
async def test_what_is_no_job_is_not_taken_for_the_end_of_many(
    server: ServerProcess, function: str, mistake: object
) -> None:
    sentence = f"submit_many takes BackgroundJob, not {type(mistake).__name__}"
    jobs: list[BackgroundJob] = [mistake, BackgroundJob(function, b"")]  # type: ignore[list-item]
    async with open_client(server.address) as client:
        with pytest.raises(TypeError, match=sentence):
            await anext(client.submit_many(jobs))
    with Client(server.address) as blocking, pytest.raises(TypeError, match=sentence):
        next(blocking.submit_many(jobs))

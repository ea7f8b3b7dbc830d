"""What the docstrings show is run, against our broker and gearmand."""

import doctest
import inspect
import logging
import textwrap
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import pytest
import trio

import client
import peer
import worker
from tests.client.not_yet import NOT_YET
from tests.docstrings.collecting import example_in, public_objects
from tests.processes import ServerProcess
from worker import Job, run_worker

OBJECTS = {name: thing for name, thing in public_objects(client, worker, peer) if not name.startswith("peer.dial")}
SHOWN = {name: example for name, thing in OBJECTS.items() if (example := example_in(thing)) is not None}
DOCTESTS = [name for name, example in SHOWN.items() if ">>>" in example]
PROGRAMS = [name for name, example in SHOWN.items() if ">>>" not in example]

NEED_AN_EXAMPLE = (
    "client.Client.",
    "client.Admin.",
    "client.open_client",
    "client.FollowedJob",
    "client.BackgroundJob",
)
DANGEROUS = {"client.Admin.shutdown"}


async def work(job: Job) -> bytes:
    """Does what the examples ask for."""
    return job.payload


def compiled(example: str, address: str) -> Callable[[client.Client], Awaitable[None]]:
    """The example as the body of an async function."""
    names: dict[str, object] = {
        "logging": logging,
        "UTC": UTC,
        "datetime": datetime,
        "timedelta": timedelta,
        "trio": trio,
    }
    for package in (client, worker, peer):
        names |= {name: getattr(package, name) for name in package.__all__}
    body = textwrap.indent(example.replace("127.0.0.1:4730", address), "    ")
    exec(f"async def example(client):\n{body}", names)
    return cast(Callable[[client.Client], Awaitable[None]], names["example"])


def test_whatever_asks_a_server_has_an_example() -> None:
    needed = {name for name in OBJECTS if name.startswith(NEED_AN_EXAMPLE)} - DANGEROUS
    properties = {name for name, thing in OBJECTS.items() if isinstance(thing, property)}
    methods_of_jobs = {name for name in needed if name.startswith("client.FollowedJob.")}  # shown as a whole
    assert needed - properties - methods_of_jobs - set(SHOWN) == set()


def test_every_public_name_has_a_docstring() -> None:
    written = {name: thing for name, thing in OBJECTS.items() if inspect.isclass(thing) or inspect.isroutine(thing)}
    assert [name for name, thing in written.items() if not thing.__doc__] == []


@pytest.mark.parametrize("name", DOCTESTS)
def test_the_session_shown_goes_as_shown(name: str) -> None:
    test = doctest.DocTestParser().get_doctest(SHOWN[name], {"Function": peer.Function}, name, None, None)
    assert doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test).failed == 0


@pytest.mark.parametrize("name", PROGRAMS)
async def test_the_program_shown_runs(
    server: ServerProcess, server_kind: str, name: str, request: pytest.FixtureRequest
) -> None:
    if server_kind == "broker" and name in NOT_YET:
        request.applymarker(pytest.mark.xfail(strict=True, reason="our broker does not know it yet"))
    async with client.open_client(server.address) as opened, trio.open_nursery() as nursery:
        functions = dict.fromkeys(("sendEmail", "resize"), work)
        await nursery.start(partial(run_worker, server.address, functions, concurrency=4))
        with trio.fail_after(30):
            await compiled(SHOWN[name], server.address)(opened)
        nursery.cancel_scope.cancel()

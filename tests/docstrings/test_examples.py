"""What the docstrings show is run, against our broker and gearmand."""

import doctest
import inspect

import pytest

import client
import peer
import worker
from tests.docstrings.collecting import example_in, public_objects
from tests.docstrings.running import run_example
from tests.processes import ServerProcess

OBJECTS = dict(public_objects(client, worker, peer))
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
async def test_the_program_shown_runs(server: ServerProcess, name: str) -> None:
    await run_example(SHOWN[name], server)

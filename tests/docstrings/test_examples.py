"""What the docstrings show is run, against our broker and gearmand."""

import doctest
import inspect
import re

import pytest

import client
import client.blocking
import peer
import worker
from tests.docstrings.collecting import example_in, public_objects
from tests.docstrings.pages import BLOCKS
from tests.docstrings.running import run_example
from tests.processes import ServerProcess

OBJECTS = dict(public_objects(client, client.blocking, worker, peer))
SHOWN = {name: example for name, thing in OBJECTS.items() if (example := example_in(thing)) is not None}
DOCTESTS = [name for name, example in SHOWN.items() if ">>>" in example]
PROGRAMS = [name for name, example in SHOWN.items() if ">>>" not in example]

DANGEROUS = {"client.Admin.shutdown", "client.blocking.Admin.shutdown"}
"""What needs a server of its own."""

RUN = [*SHOWN.values(), *BLOCKS.values()]


def is_shown(name: str) -> bool:
    """It has an example of its own, or is used in one that is run: a method in any, another name in one of a page."""
    if name in SHOWN:
        return True
    owner, _, attribute = name.rpartition(".")
    if owner in OBJECTS:
        return any(re.search(rf"\.{attribute}\b", example) for example in RUN)
    return any(re.search(rf"\b{attribute}\b", block) for block in BLOCKS.values())


def is_blocking(name: str) -> bool:
    """Its example is for programs without trio."""
    return name.startswith("client.blocking.") or "client.blocking" in SHOWN[name]


def test_every_public_name_of_client_and_worker_is_shown_in_an_example() -> None:
    public = {name for name in OBJECTS if not name.startswith("peer.")}
    assert {name for name in public if not is_shown(name)} == set()


def test_every_public_name_has_a_docstring() -> None:
    written = {name: thing for name, thing in OBJECTS.items() if inspect.isclass(thing) or inspect.isroutine(thing)}
    assert [name for name, thing in written.items() if not thing.__doc__] == []


@pytest.mark.parametrize("name", DOCTESTS)
def test_the_session_shown_goes_as_shown(name: str) -> None:
    test = doctest.DocTestParser().get_doctest(
        SHOWN[name], {"Function": peer.Function, "PayloadError": peer.PayloadError}, name, None, None
    )
    assert doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test).failed == 0


@pytest.mark.parametrize("name", sorted(DANGEROUS))
async def test_the_dangerous_program_shown_runs(own_server: ServerProcess, name: str) -> None:
    await run_example(SHOWN[name], own_server, blocking=is_blocking(name))


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in DANGEROUS])
async def test_the_program_shown_runs(server: ServerProcess, name: str) -> None:
    await run_example(SHOWN[name], server, blocking=is_blocking(name))

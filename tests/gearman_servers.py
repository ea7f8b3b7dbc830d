"""The servers that client and worker are tested against: Debian's gearmand, and our own broker.

A test asks for `server` when it only needs somebody to talk to: one process serves the whole session, and
every test uses the function names that `function` gives it. It asks for `own_server`, and `second_server` of
the same kind, when it kills, pauses or restarts them.
"""

import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import trio

from tests.processes import GEARMAND, BrokerProcess, GearmandProcess, ServerProcess
from tests.programs import missing
from tests.servers import PATIENCE_SECONDS

__all__ = ["ONE_SERVER", "ask_in_text", "function", "own_server", "second_server", "server", "server_kind"]

KINDS: Final = ("gearmand", "broker")

ONE_SERVER = pytest.mark.parametrize("server_kind", ["broker"], indirect=True, scope="session")
"""For tests that take several processes, and that the kind of server makes no difference to."""


def _new_server(kind: str, directory: Path) -> ServerProcess:
    if kind == "broker":
        return BrokerProcess(directory / "data")
    if shutil.which(GEARMAND) is None:
        missing("gearmand is not installed; Debian's package gearman-job-server has it")
    return GearmandProcess(directory)


@pytest.fixture(scope="session", params=KINDS)
def server_kind(request: pytest.FixtureRequest) -> str:
    """Which server: every test that talks to one runs once with each."""
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def server(server_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that many tests share: do it no harm, and leave no job running."""
    with _new_server(server_kind, tmp_path_factory.mktemp("s")) as running:
        yield running


@pytest.fixture
def own_server(server_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of this test alone."""
    with _new_server(server_kind, tmp_path_factory.mktemp("o")) as running:
        yield running


@pytest.fixture
def second_server(server_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Another server of the same kind, with a store of its own."""
    with _new_server(server_kind, tmp_path_factory.mktemp("o")) as running:
        yield running


@pytest.fixture
def function() -> str:
    """A function name that no other test uses, so that tests can share a server."""
    return f"resize-{uuid.uuid4().hex}"


async def ask_in_text(server: ServerProcess, command: str, *, until: Callable[[str], bool] | None = None) -> str:
    """The reply, which ends in a line with a dot, to a text command; asks until it is as wanted."""
    with trio.fail_after(PATIENCE_SECONDS):
        async with await trio.open_tcp_stream(server.host, server.port) as stream:
            while True:
                await stream.send_all(command.encode() + b"\n")
                reply = b""
                while not reply.endswith(b".\n"):
                    piece = await stream.receive_some()
                    reply += piece
                    assert piece, f"the server hung up after {reply!r}"
                    assert not reply.startswith(b"ERR"), reply
                text = reply.decode()
                if until is None or until(text):
                    return text

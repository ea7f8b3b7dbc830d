"""Ctrl-C in a program with a client: it reaches the main task, and nothing is left to wait for."""

import signal
from collections.abc import Callable
from typing import TypeAlias

import pytest
import trio
from trio.testing import memory_stream_pair

from client.opening import client_over
from client.rota import Rota
from client.route import Route
from tests.client.scripted import ScriptedServer
from tests.interrupts import looking_at_spawns

Moments: TypeAlias = tuple[Callable[[], None], Callable[[], None], Callable[[], None]]
"""What happens at dialing, at sending and at receiving."""


class Struck(trio.abc.Stream):
    """One end of a stream on which something happens in the middle of what the client's tasks do."""

    def __init__(self, sending: Callable[[], None], receiving: Callable[[], None]) -> None:
        self._stream, self._other_end = memory_stream_pair()
        self._sending = sending
        self._receiving = receiving

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._sending()
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        self._receiving()
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


def ctrl_c() -> None:
    """As if it had been pressed."""
    signal.raise_signal(signal.SIGINT)


def nothing() -> None:
    """Nothing happens."""


def defect() -> None:
    """A fault that should not be."""
    raise ZeroDivisionError


async def enter(dialing: Callable[[], None], sending: Callable[[], None], receiving: Callable[[], None]) -> None:
    """A client to whom this happens before it has heard anything."""

    async def dial() -> trio.abc.Stream:
        dialing()
        return Struck(sending, receiving)

    async with client_over(Rota([Route("nobody", dial)], spread=False)):
        raise AssertionError("the block was entered")


@pytest.mark.parametrize(
    "moments", [(ctrl_c, nothing, nothing), (nothing, ctrl_c, nothing), (nothing, nothing, ctrl_c)]
)
def test_it_comes_to_the_main_task_whichever_runs(moments: Moments) -> None:
    with pytest.raises(KeyboardInterrupt):  # itself, and in no group
        trio.run(enter, *moments)


@pytest.mark.parametrize("moments", [(nothing, defect, nothing), (nothing, nothing, defect)])
async def test_a_defect_is_not_told_as_the_end_of_the_client_besides(moments: Moments) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        await enter(*moments)
    assert caught.value.split(ZeroDivisionError)[1] is None


async def test_no_task_is_started_where_it_would_be_left_behind() -> None:
    server = ScriptedServer()
    with looking_at_spawns() as protected:
        async with client_over(server.rota()):
            await server.accept()
            assert not trio.lowlevel.currently_ki_protected()
    assert {name: safe for name, safe in protected.items() if name.startswith("client.")} == {
        "client.connector.Connector._connect": True,
        "client.session.Session.run": True,
        "client.session.Session._write": True,
    }

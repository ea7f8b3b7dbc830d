"""Workers that are killed, stopped, cut off and moved while jobs come in: none is lost, and none is stuck."""

import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio

from client import CannotConnectError, Client, ConnectionLostError, open_client
from tests.faults.proxy import Proxy
from tests.processes import BrokerProcess, ServerProcess
from tests.programs import Program, open_program
from tests.servers import AOF, RedisServer

ECHO = Path(__file__).parent / "echo_worker.py"
JOBS = 400
FAULTS_AT = (50, 200)
PATIENCE_SECONDS = 120.0


class Crew:
    """Worker programs, each with a wire of its own to the server."""

    def __init__(self, server: ServerProcess, words: Sequence[str], wires: trio.Nursery, stack: AsyncExitStack) -> None:
        self._server = server
        self._words = words
        self._wires = wires
        self._stack = stack
        self.workers: list[tuple[Program, Proxy]] = []

    async def start(self) -> None:
        """One more."""
        proxy = Proxy(self._server.port)
        await self._wires.start(lambda task_status: proxy.serve(task_status=task_status))
        program = open_program(sys.executable, ECHO, *self._words, f"127.0.0.1:{proxy.port}")
        self.workers.append((await self._stack.enter_async_context(program), proxy))


@asynccontextmanager
async def open_crew(server: ServerProcess, *words: str) -> AsyncIterator[Crew]:
    """Two, to begin with; they are gone after the block."""
    async with trio.open_nursery() as wires:
        async with AsyncExitStack() as stack:
            crew = Crew(server, words, wires, stack)
            await crew.start()
            await crew.start()
            yield crew
        wires.cancel_scope.cancel()


async def killed(crew: Crew) -> None:
    """The oldest one is, once another has been started."""
    await crew.start()
    crew.workers.pop(0)[0].send_signal(signal.SIGKILL)


async def told_to_stop(crew: Crew) -> None:
    """The oldest one is, once another has been started."""
    await crew.start()
    crew.workers.pop(0)[0].send_signal(signal.SIGTERM)


async def cut_off(crew: Crew) -> None:
    """Both lose their connections, and come back by themselves."""
    for _, proxy in crew.workers:
        proxy.cut()


async def unreachable_in_turns(crew: Crew) -> None:
    """Each in its turn; the other one may come back meanwhile."""
    away, back = (proxy for _, proxy in crew.workers)
    away.reachable, back.reachable = False, True
    away.cut()
    crew.workers.reverse()


FAULTS: Mapping[str, Callable[[Crew], Awaitable[None]]] = {
    "killed -9": killed,
    "told to stop": told_to_stop,
    "cut off": cut_off,
    "unreachable in turns": unreachable_in_turns,
}


@asynccontextmanager
async def calling(clients: Callable[[bytes], Awaitable[bytes]]) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Calls all jobs; gives what waits until so many have come back. All have, at the end of the block."""
    results: set[bytes] = set()
    came = trio.Condition()

    async def call(payload: bytes) -> None:
        assert await clients(payload) == payload
        async with came:
            results.add(payload)
            came.notify_all()

    async def until(count: int) -> None:
        async with came:
            while len(results) < count:
                await came.wait()

    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            for job in range(JOBS):
                nursery.start_soon(call, b"%d" % job)
            yield until
    assert len(results) == JOBS


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_every_job_ends_whatever_becomes_of_workers(
    server: ServerProcess, function: str, fault: Callable[[Crew], Awaitable[None]]
) -> None:
    async with open_client(server.address) as client, open_crew(server, function, "4", "0") as crew:
        async with calling(lambda payload: client.call(function, payload)) as until:
            for count in FAULTS_AT:
                await until(count)
                await fault(crew)
        await nothing_is_left(client, function)


async def test_a_worker_that_stands_still_keeps_its_jobs_no_longer_than_their_time(
    tmp_path_factory: pytest.TempPathFactory, function: str
) -> None:
    broker = BrokerProcess(
        tmp_path_factory.mktemp("w") / "data"
    )  # gearmand's timer is one for all jobs of a connection
    with broker:
        await _one_stands_still(broker, function)


async def _one_stands_still(broker: BrokerProcess, function: str) -> None:
    async with open_client(broker.address) as client, open_crew(broker, function, "4", "1") as crew:
        async with calling(lambda payload: client.call(function, payload)) as until:
            still, _ = crew.workers[0]
            await until(FAULTS_AT[0])
            still.send_signal(signal.SIGSTOP)
            await until(JOBS)
            still.send_signal(signal.SIGCONT)  # it says what it has to say about a job that is over
        assert await client.call(function, b"another") == b"another"
        await nothing_is_left(client, function)


async def test_workers_and_clients_move_between_brokers_that_die_in_turns(
    make_server: Callable[..., RedisServer], tmp_path: Path, function: str
) -> None:
    redis = make_server(*AOF)
    redis.start()
    flags = ("--redis", f"redis://127.0.0.1:{redis.port}", "--presence-ttl", "2")
    with BrokerProcess(tmp_path / "a", *flags) as first, BrokerProcess(tmp_path / "b", *flags) as second:
        both = (first.address, second.address)
        async with (
            open_program(sys.executable, ECHO, function, "4", "0", *both),
            open_client(*both) as client,
            calling(lambda payload: call_again_and_again(client, function, payload)) as until,
        ):
            for count, broker in ((50, first), (150, second), (250, first)):
                await until(count)
                await trio.to_thread.run_sync(broker.kill9)
                await until(count + 50)
                await trio.to_thread.run_sync(broker.start)
        async with open_client(first.address) as client:
            await nothing_is_left(client, function)


async def call_again_and_again(client: Client, function: str, payload: bytes) -> bytes:
    """A call that is repeated when its broker goes away, under a unique, so that it joins what is left of itself."""
    while True:
        try:
            return await client.call(function, payload, unique=b"%b-%b" % (function[-8:].encode(), payload))
        except (ConnectionLostError, CannotConnectError):
            await trio.lowlevel.checkpoint()  # the client itself pauses before it connects again


async def nothing_is_left(client: Client, function: str) -> None:
    """No job of the function waits or runs any more."""
    with trio.fail_after(PATIENCE_SECONDS):
        while any(line.total for line in await client.admin.status() if line.name == function.encode()):
            pass

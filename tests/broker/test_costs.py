"""What a job costs, counted: system calls, Redis commands, bytes. Counts, for times tell more of the machine.

Each ceiling stands a quarter or so above what was counted when it was set. What lowers a count lowers its ceiling.
"""

import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import trio

from protocol import CanDo, GrabJobUniq, JobAssignUniq, JobCreated, NoJob, Packet, SubmitJob, WorkComplete
from tests.broker.peers import Peer, open_peer, open_tls_peer
from tests.processes import BrokerProcess
from tests.programs import PATIENCE_SECONDS, missing, require_program
from tests.servers import RedisServer

JOBS = 200
PAYLOAD = b"x" * 200
A_LONG_TIME = "1000"

Way: TypeAlias = Callable[[Peer, Peer], Awaitable[None]]
OpenPeer: TypeAlias = Callable[[tuple[str, int]], AbstractAsyncContextManager[Peer]]


@pytest.fixture
def quiet(shared_server: RedisServer, tmp_path: Path) -> tuple[str, ...]:
    """Flags of a broker that asks nothing of Redis on its own account meanwhile."""
    prefix = tmp_path.name.replace("[", "-").replace("]", "")
    return ("--redis", shared_server.unix_url, "--redis-prefix", prefix, "--presence-ttl", A_LONG_TIME)


@pytest.fixture
def broker(quiet: tuple[str, ...], tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker in a process of its own."""
    with BrokerProcess(tmp_path / "data", *quiet) as process:
        yield process


@pytest.fixture
def secure(quiet: tuple[str, ...], tmp_path: Path, certificate: Path) -> Iterator[BrokerProcess]:
    """The same, and its port speaks TLS."""
    with BrokerProcess(tmp_path / "data", *quiet, "--ssl", "--ssl-certificate", str(certificate)) as process:
        yield process


def submit(number: int) -> SubmitJob:
    return SubmitJob(b"f", b"%036d" % number, PAYLOAD, background=True)


async def run_one_by_one(client: Peer, worker: Peer) -> None:
    """Each job is submitted, run and ended before the next: nothing can be shared."""
    for number in range(JOBS):
        assert isinstance(await client.ask(submit(number)), JobCreated)
        assigned = await worker.ask(GrabJobUniq())
        assert isinstance(assigned, JobAssignUniq)
        await worker.say(WorkComplete(assigned.handle, b"done"))
        assert await worker.ask(GrabJobUniq()) == NoJob()


async def run_together(client: Peer, worker: Peer) -> None:
    """All are submitted in one write; the worker says with each end that it wants the next."""
    await client.say(*map(submit, range(JOBS)))
    for _ in range(JOBS):
        await client.expect(JobCreated)
    wish: list[Packet] = [GrabJobUniq()]
    for _ in range(JOBS):
        await worker.say(*wish)
        assigned = await worker.expect(JobAssignUniq)
        wish = [WorkComplete(assigned.handle, b"done"), GrabJobUniq()]
    await worker.say(*wish)
    await worker.expect(NoJob)


@asynccontextmanager
async def two_peers(broker: BrokerProcess, open_one: OpenPeer = open_peer) -> AsyncIterator[tuple[Peer, Peer]]:
    """A client, and a worker that has found nothing: by then the broker has said to Redis what it says at its start."""
    address = (broker.host, broker.port)
    with trio.fail_after(10 * PATIENCE_SECONDS):
        async with open_one(address) as client, open_one(address) as worker:
            await worker.say(CanDo(b"f"))
            assert await worker.ask(GrabJobUniq()) == NoJob()
            yield client, worker


class Calls:
    """System calls while a block ran."""

    total = 0


@contextmanager
def traced(process: BrokerProcess, summary: Path) -> Iterator[Calls]:
    """Counts the system calls of a process."""
    calls = Calls()
    words = ["strace", "-c", "-f", "-o", str(summary), "-p", str(process.pid)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        try:
            first = tracer.stderr.readline()
            if "attached" not in first:
                missing(f"strace may not look at processes here: {first}")
            yield calls
        finally:
            tracer.terminate()  # or leaving the block would wait for one that watches as long as the broker lives
    found = re.search(r"^100\.00 +\S+ +(?:\d+ +)?(\d+) .*total$", summary.read_text(), re.MULTILINE)
    assert found, summary.read_text()
    calls.total = int(found[1])


WAYS: dict[str, tuple[Way, int, int, int]] = {
    # how jobs come:  (the way, system calls, Redis commands, bytes to Redis) at most for one
    "one by one": (run_one_by_one, 23, 38, 1000),
    "together": (run_together, 9, 26, 850),
}


@pytest.mark.parametrize(("way", "most"), [(row[0], row[1]) for row in WAYS.values()], ids=WAYS.keys())
async def test_system_calls(broker: BrokerProcess, tmp_path: Path, way: Way, most: int) -> None:
    require_program("strace", "strace")
    async with two_peers(broker) as (client, worker):
        with traced(broker, tmp_path / "summary") as calls:
            await way(client, worker)
    assert calls.total / JOBS <= most


async def test_tls_takes_no_more_system_calls(secure: BrokerProcess, tmp_path: Path) -> None:
    require_program("strace", "strace")
    async with two_peers(secure, open_tls_peer) as (client, worker):
        with traced(secure, tmp_path / "summary") as calls:
            await run_one_by_one(client, worker)
    assert calls.total / JOBS <= WAYS["one by one"][1]


def figures(server: RedisServer) -> tuple[int, int]:
    """Commands executed, those within scripts included, and bytes that came in."""
    stats: Any = server.client().info("stats")
    return int(stats["total_commands_processed"]), int(stats["total_net_input_bytes"])


@pytest.mark.parametrize(("way", "commands", "length"), [(row[0], *row[2:]) for row in WAYS.values()], ids=WAYS.keys())
async def test_what_is_asked_of_redis(
    broker: BrokerProcess, shared_server: RedisServer, way: Way, commands: int, length: int
) -> None:
    async with two_peers(broker) as (client, worker):
        before = figures(shared_server)
        await way(client, worker)
        after = figures(shared_server)
    assert (after[0] - before[0]) / JOBS <= commands
    assert (after[1] - before[1]) / JOBS <= length

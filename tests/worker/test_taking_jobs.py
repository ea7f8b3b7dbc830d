"""How many jobs a worker takes, when, and from whom."""

from functools import partial

import pytest
import trio

from client import Client, open_client
from tests.gearman_servers import ask_in_text
from tests.processes import ServerProcess
from tests.worker.running import running_worker
from worker import Job, run_worker


class Gate:
    """A job's function whose runs are counted and held until they are let go."""

    def __init__(self) -> None:
        self.running = 0
        self.most = 0
        self.names: list[bytes] = []
        self._open = trio.Semaphore(0)
        self._entered = trio.lowlevel.ParkingLot()

    async def __call__(self, job: Job) -> bytes:
        self.running += 1
        self.most = max(self.most, self.running)
        self.names.append(job.payload)
        self._entered.unpark_all()
        try:
            await self._open.acquire()
        finally:
            self.running -= 1
        return b"done"

    def let_go(self, count: int = 1) -> None:
        """Lets so many runs end, present or future."""
        for _ in range(count):
            self._open.release()

    async def wait_entered(self, count: int) -> None:
        """Returns when so many runs have begun since ever."""
        with trio.fail_after(20):
            while len(self.names) < count:
                await self._entered.park()


async def _queue(client: Client, function: str, count: int) -> list[bytes]:
    return [await client.submit_background(function, b"%d" % number) for number in range(count)]


async def test_no_more_jobs_are_taken_than_may_run(server: ServerProcess, function: str) -> None:
    gate = Gate()
    async with open_client(server.address) as client:
        handles = await _queue(client, function, 10)
        async with running_worker(server, {function: gate}, concurrency=3):
            await gate.wait_entered(3)
            running = [(await client.status(handle)).running for handle in handles]
            assert running == [True] * 3 + [False] * 7  # what cannot start stays at the server, for others
            gate.let_go(10)
            await gate.wait_entered(10)
            assert gate.most == 3
            assert gate.names == [b"%d" % number for number in range(10)]
            await ask_in_text(server, "status", until=lambda reply: f"{function}\t0\t0\t1\n" in reply)


async def test_an_idle_worker_is_woken(server: ServerProcess, function: str) -> None:
    gate = Gate()
    gate.let_go(5)
    async with running_worker(server, {function: gate}), open_client(server.address) as client:
        for _ in range(5):
            assert await client.call(function, b"") == b"done"


async def test_a_worker_that_holds_jobs_and_has_places_left_is_woken(server: ServerProcess, function: str) -> None:
    gate = Gate()
    async with running_worker(server, {function: gate}, concurrency=3), open_client(server.address) as client:
        for count in range(1, 4):
            await client.submit_background(function, b"")
            await gate.wait_entered(count)
        assert gate.running == 3
        await client.submit_background(function, b"")
        gate.let_go(4)
        await gate.wait_entered(4)
        await ask_in_text(server, "status", until=lambda reply: f"{function}\t0\t0\t1\n" in reply)


async def test_it_is_registered_when_it_says_it_has_started(server: ServerProcess, function: str) -> None:
    async with running_worker(server, {function: Gate()}, client_id=f"id-of-{function}"):
        assert f"{function}\t0\t0\t1\n" in await ask_in_text(server, "status")
        assert f" id-of-{function} : {function}\n" in await ask_in_text(server, "workers")
    await ask_in_text(server, "status", until=lambda reply: f"{function}\t0\t0\t0\n" in reply)


async def test_several_servers_share_the_places(
    own_server: ServerProcess, second_server: ServerProcess, function: str
) -> None:
    gate = Gate()
    addresses = [own_server.address, second_server.address]
    async with (
        open_client(own_server.address) as first,
        open_client(second_server.address) as second,
        trio.open_nursery() as nursery,
    ):
        await nursery.start(partial(run_worker, addresses, {function: gate}, concurrency=2))
        await _queue(first, function, 4)
        await _queue(second, function, 4)
        for done in range(7):
            await gate.wait_entered(done + 2 if done < 6 else 8)
            assert gate.running <= 2
            gate.let_go()
        gate.let_go()
        for server in (own_server, second_server):
            await ask_in_text(server, "status", until=lambda reply: f"{function}\t0\t0\t1\n" in reply)
        assert gate.most == 2
        nursery.cancel_scope.cancel()


async def test_a_server_that_is_down_does_not_keep_the_others_waiting(
    own_server: ServerProcess, second_server: ServerProcess, function: str
) -> None:
    gate = Gate()
    gate.let_go(2)
    await trio.to_thread.run_sync(second_server.terminate)
    addresses = [second_server.address, own_server.address]
    async with open_client(own_server.address) as client, trio.open_nursery() as nursery:
        await nursery.start(partial(run_worker, addresses, {function: gate}))
        assert await client.call(function, b"") == b"done"
        await trio.to_thread.run_sync(second_server.start)
        async with open_client(second_server.address) as late:
            assert await late.call(function, b"") == b"done"
        nursery.cancel_scope.cancel()


async def work(job: Job) -> None:
    """Does nothing."""


@pytest.mark.parametrize(
    ("start", "sentence"),
    [
        pytest.param(partial(run_worker, [], {"f": work}), "no server is named", id="no server"),
        pytest.param(partial(run_worker, "host:port", {"f": work}), "not a server address", id="no address"),
        pytest.param(partial(run_worker, "host", {}), "at least one function", id="no function"),
        pytest.param(partial(run_worker, "host", {"f": work}, concurrency=0), "at least 1, not 0", id="no place"),
        pytest.param(
            partial(run_worker, "host", {"f": work}, time_limits={"g": 1}), "not among the functions", id="limit"
        ),
        pytest.param(partial(run_worker, "host", {"f": work}, time_limits={"f": 0}), "above 0 seconds", id="no time"),
        pytest.param(partial(run_worker, "host", {"f": work}, client_id="a b"), "no spaces", id="id with a space"),
    ],
)
async def test_arguments_that_cannot_be_right_are_refused(start: partial[object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        await start()  # type: ignore[misc]  # a partial does not say that it is awaitable

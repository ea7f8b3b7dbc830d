"""The crash matrix: at each point of each verb the broker is killed, or its connection to Redis is cut.

What becomes of the one job is compared with the table in `tests.faults.matrix`, which docs/reliability.md shows.
"""

import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import trio

from protocol import GetStatus, StatusRes, WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.faults.ledger import Ledger, jobs_left
from tests.faults.matrix import MATRIX, PAGE, Fault, page
from tests.faults.proxy import Proxy, open_proxy
from tests.faults.scenes import FUNCTION, PAYLOAD, SCENES, UNIQUE, Scene, Stage
from tests.faults.traces import nothing_is_left
from tests.faults.trap import Point, Trap
from tests.faults.victims import Victim, victims
from tests.servers import RedisServer, find_engine

prefixes = map("matrix{}".format, itertools.count())
Start = Callable[..., Victim]


@pytest.fixture(scope="module", params=["redis", "valkey"])
def redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """One server for all; each case has a prefix of its own."""
    server = RedisServer(find_engine(request.param))
    server.start()
    yield server
    server.clean_up()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts brokers."""
    with victims() as start:
        yield start


class Case:
    """A broker behind a trap, its peers behind a proxy, and the broker that comes after it."""

    def __init__(self, scene: Scene, trap: Trap, start: Callable[[], Victim], stack: AsyncExitStack) -> None:
        self.scene = scene
        self.trap = trap
        self.start = start
        self.ledger = Ledger()
        self._stack = stack

    async def set_out(self) -> None:
        """A broker, and two peers of it."""
        self.broker = self.start()
        _, port = await self.broker.address()
        self.peers = await self._stack.enter_async_context(open_proxy(Proxy(port)))
        client, worker = [await self.peer(self.peers.port) for _ in range(2)]
        self.stage = Stage(client, worker, self.ledger)
        self.last_port = port

    async def peer(self, port: int) -> Peer:
        """A connection to a broker."""
        return await self._stack.enter_async_context(open_peer(("127.0.0.1", port)))

    async def walk_into(self, point: Point, fault: Fault) -> None:
        """Bring the verb about, and get to the point."""
        await self.scene.before(self.stage)
        self.trap.arm(self.scene.script, point, lambda: not self.scene.at_its_time or time.time() >= self.stage.due_at)
        if self.scene.from_start:
            self.broker.kill()
            self.broker = self.start()
        self.peers.drop_replies = bool(self.scene.hear) and point is Point.ANSWERED and fault is Fault.KILL
        await self.scene.act(self.stage)
        await self.trap.sprung.wait()
        if self.scene.hear and point is Point.OUT:
            await self.scene.hear(self.stage)
        elif self.peers.drop_replies:
            while not self.peers.swallowed:
                await trio.lowlevel.checkpoint()

    async def be_killed(self, point: Point) -> None:
        """The broker is gone; the next one of its identity starts."""
        self.broker.kill()
        if point is not Point.LATE:
            self.trap.cut()
        await self._start_the_next()
        await self._let_the_late_come(point)

    async def be_cut(self, point: Point) -> None:
        """The broker has to connect again, and goes on."""
        for wire in list(self.trap.wires):
            if point in (Point.LEFT, Point.LATE):
                wire.cut_near()  # Redis does it nevertheless, perhaps when the next connection is there
            else:
                wire.cut()
        if self.scene.from_start:
            with pytest.raises(EOFError):  # it has not begun; whoever started it starts it again
                await self.broker.address()
            await self._start_the_next()
        else:
            if self.scene.hear and point is not Point.OUT:
                await self.scene.hear(self.stage)
            assert await self.stage.client.heard() == []  # so it is connected again
        await self._let_the_late_come(point)

    async def _start_the_next(self) -> None:
        _, self.last_port = await self.start().address()

    async def _let_the_late_come(self, point: Point) -> None:
        if point is Point.LATE:
            self.trap.release()
            await self.trap.done.wait()

    async def outcome(self, fault: Fault) -> str:
        """Run what there is, and say in words what became of the job."""
        words = []
        if self.scene.tells_progress:
            asking = await self.peer(self.last_port)
            status = await asking.ask(GetStatus(self.stage.handle))
            assert isinstance(status, StatusRes)
            words = ["progress kept" if status.numerator == 1 else "progress lost"]
        if fault is Fault.CUT and self.ledger.runs and self.scene.ends_held:
            await self.stage.worker.say(WorkComplete(self.stage.handle, b""))
        await self.stage.worker.leave()
        worker = await self.peer(self.last_port)
        await self.ledger.run_all(worker, FUNCTION)
        self.ledger.nothing_is_lost()
        accepted = "accepted" if self.ledger.acknowledged else "not accepted"
        return ", ".join([accepted, RUNS[self.ledger.runs[PAYLOAD]], *words])

    async def the_unique_is_free(self) -> None:
        """A submit of it is a new job, which ends as any other."""
        peer = await self.peer(self.last_port)
        self.ledger.accepted(b"next", await peer.submit_background(FUNCTION, b"next", UNIQUE))
        await self.ledger.run_all(peer, FUNCTION)
        assert self.ledger.runs[b"next"] == 1
        assert await jobs_left(peer, FUNCTION) == 0


RUNS = ("never ran", "ran once", "ran twice", "ran three times")


@asynccontextmanager
async def prepared(scene: Scene, redis: RedisServer, start: Start, folder: Path) -> AsyncIterator[tuple[Case, str]]:
    """A case, and the prefix of its keys."""
    prefix = next(prefixes)
    async with AsyncExitStack() as stack:
        trap = await stack.enter_async_context(open_proxy(Trap(redis.port)))
        url = f"redis://127.0.0.1:{trap.port}"
        case = Case(scene, trap, lambda: start(url, prefix, folder), stack)
        await case.set_out()
        yield case, prefix


@pytest.mark.parametrize("verb", SCENES)
async def test_no_point_of_a_verb_loses_a_job(redis: RedisServer, start: Start, tmp_path: Path, verb: str) -> None:
    found: dict[tuple[str, Fault, Point], str] = {}

    async def strike(fault: Fault, point: Point) -> None:
        async with prepared(SCENES[verb], redis, start, tmp_path / f"{fault.name}-{point.name}") as (case, prefix):
            await case.walk_into(point, fault)
            await (case.be_killed(point) if fault is Fault.KILL else case.be_cut(point))
            found[verb, fault, point] = await case.outcome(fault)
            await case.the_unique_is_free()
            nothing_is_left(redis.client(), prefix, FUNCTION)

    # All at once, for each waits more than it works.
    with trio.fail_after(2 * PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            for name, fault, point in MATRIX:
                if name == verb:
                    nursery.start_soon(strike, fault, point)
    assert found == {where: outcome for where, outcome in MATRIX.items() if where[0] == verb}


def test_every_verb_is_in_the_matrix_and_the_matrix_is_in_the_docs() -> None:
    assert {verb for verb, *_ in MATRIX} == set(SCENES)
    assert page() in PAGE.read_text("utf-8")

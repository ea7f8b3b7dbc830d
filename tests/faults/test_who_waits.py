"""Clients wait for one job at two brokers, a worker runs it at a third, and something happens in the middle of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import trio

from persistence.keys import Keys, digest_of
from protocol import (
    GetStatusUnique,
    JobCreated,
    OptionReq,
    OptionRes,
    Packet,
    StatusResUnique,
    SubmitJob,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
)
from tests.broker.peers import Peer, open_peer
from tests.faults.proxy import Proxy, open_proxy
from tests.faults.strikes import heal, in_thread
from tests.faults.traces import all_mail_is_read, nothing_is_left
from tests.faults.victims import victims
from tests.persistence.pipes import until
from tests.servers import AOF, PATIENCE_SECONDS, RedisServer

PREFIX: Final = "waits"
FUNCTION: Final = b"f"
UNIQUE: Final = b"u"
LARGE: Final = bytes(range(256)) * 40_000
"""10 MB."""
PIECES: Final = 30


class Stage:
    """The worker's broker, and two at which clients wait; each has a proxy between it and Redis."""

    def __init__(self, server: RedisServer, proxies: list[Proxy], peers: list[Peer]) -> None:
        self.server = server
        self.proxies = proxies
        self.worker, *self.clients = peers

    async def submit_at_both(self) -> bytes:
        """Both clients submit the same unique, which is one job; returns its handle."""
        handles = {await client.submit(FUNCTION, b"x", UNIQUE) for client in self.clients}
        (handle,) = handles
        return handle

    async def hear_it(self, said: list[Packet]) -> None:
        """Both hear all of this, in this order."""
        for client in self.clients:
            for packet in said:
                heard = await client.hear()
                assert heard == packet, f"{heard!r:.200} in the place of {packet!r:.200}"


@asynccontextmanager
async def staged(server: RedisServer, folder: Path) -> AsyncIterator[Stage]:
    with victims() as start, trio.fail_after(2 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            proxies = [await stack.enter_async_context(open_proxy(Proxy(server.port))) for _ in range(3)]
            peers = []
            for number, proxy in enumerate(proxies):
                broker = start(f"redis://127.0.0.1:{proxy.port}", PREFIX, folder / str(number))
                peers.append(await stack.enter_async_context(open_peer(await broker.address())))
            await peers[0].can_do(FUNCTION)
            yield Stage(server, proxies, peers)


async def nothing_happens(stage: Stage) -> None:
    """For comparison."""


async def all_are_cut(stage: Stage) -> None:
    """Every broker has to connect again."""
    for proxy in stage.proxies:
        proxy.cut()


async def the_listeners_are_cut(stage: Stage) -> None:
    """The brokers at which clients wait."""
    for proxy in stage.proxies[1:]:
        proxy.cut()


async def replies_to_the_listeners_are_lost(stage: Stage) -> None:
    """Notices and mail among them; then their connections end."""
    for proxy in stage.proxies[1:]:
        proxy.drop_replies = True
    await until(lambda: all(proxy.swallowed for proxy in stage.proxies[1:]))
    heal(stage.proxies[1:])


async def replies_to_the_worker_are_lost(stage: Stage) -> None:
    """Its broker says again what Redis has already done."""
    stage.proxies[0].drop_replies = True
    await until(lambda: stage.proxies[0].swallowed > 0)
    heal(stage.proxies[:1])


async def clients_are_killed(stage: Stage) -> None:
    """By CLIENT KILL: all connections to Redis."""
    for kind in ("normal", "pubsub"):
        stage.server.client().execute_command("CLIENT", "KILL", "TYPE", kind)


async def redis_is_killed(stage: Stage) -> None:
    """And starts again, with what it had."""
    await in_thread(stage.server.kill)
    await in_thread(stage.server.start)


DISTURBANCES: Final[tuple[Callable[[Stage], Awaitable[None]], ...]] = (
    nothing_happens,
    all_are_cut,
    the_listeners_are_cut,
    replies_to_the_listeners_are_lost,
    replies_to_the_worker_are_lost,
    clients_are_killed,
    redis_is_killed,
)


def pieces(handle: bytes) -> list[Packet]:
    """What a job may say before its end."""
    said: list[Packet] = []
    for number in range(PIECES):
        said += [WorkData(handle, b"data %d \0" % number), WorkWarning(handle, b"warning %d" % number)]
    return [*said, WorkStatus(handle, b"3", b"4"), WorkData(handle, LARGE[:200_000])]


@pytest.mark.parametrize("disturb", DISTURBANCES, ids=lambda disturb: disturb.__name__)
async def test_all_that_a_job_says_reaches_every_broker_in_order_and_whole(
    make_server: Callable[..., RedisServer], tmp_path: Path, disturb: Callable[[Stage], Awaitable[None]]
) -> None:
    server = make_server(*AOF)
    server.start()
    async with staged(server, tmp_path) as stage:
        for client in stage.clients:
            assert await client.ask(OptionReq(b"exceptions")) == OptionRes(b"exceptions")
        for end in (WorkComplete, WorkException):
            handle = await stage.submit_at_both()
            assert (await stage.worker.take()).handle == handle
            said = [*pieces(handle), end(handle, LARGE if end is WorkComplete else b"raised")]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stage.hear_it, said)
                for number, packet in enumerate(said):
                    if number == PIECES:
                        nursery.start_soon(disturb, stage)
                    await stage.worker.say(packet)
        await until(lambda: all_mail_is_read(server.client(), PREFIX, FUNCTION))
        nothing_is_left(server.client(), PREFIX, FUNCTION)


async def test_uniques_are_one_job_over_brokers_while_they_connect_again(
    make_server: Callable[..., RedisServer], tmp_path: Path
) -> None:
    server = make_server(*AOF)
    server.start()
    async with staged(server, tmp_path) as stage:
        handle = await stage.submit_at_both()
        await all_are_cut(stage)
        for client in stage.clients:
            assert await client.submit(FUNCTION, b"y", UNIQUE) == handle
            status = await client.ask(GetStatusUnique(UNIQUE))
            assert isinstance(status, StatusResUnique)
            assert (status.known, status.running) == (True, False)
        assert (await stage.worker.take()).payload == b"x"
        await all_are_cut(stage)
        await stage.worker.say(WorkComplete(handle, LARGE))
        await stage.hear_it([WorkComplete(handle, LARGE)] * 2)
        assert await stage.worker.finds_nothing()
        assert await stage.submit_at_both() != handle


@pytest.mark.parametrize("end", [WorkComplete(b"", LARGE), WorkFail(b"")], ids=["a result", "a failure"])
async def test_a_job_that_was_over_before_its_submit_was_answered_is_heard_to_its_end(
    make_server: Callable[..., RedisServer], tmp_path: Path, end: WorkComplete | WorkFail
) -> None:
    server = make_server(*AOF)
    server.start()
    async with staged(server, tmp_path) as stage:
        client, proxy = stage.clients[0], stage.proxies[1]
        await stage.worker.fall_asleep()
        proxy.drop_replies = True
        await client.say(SubmitJob(FUNCTION, b"", b"x"))
        job = await _woken(stage.worker)
        said = WorkComplete(job, LARGE) if isinstance(end, WorkComplete) else WorkFail(job)
        await stage.worker.say(WorkData(job, b"part"), said)
        keys = Keys(PREFIX.encode())
        await until(lambda: not server.client().exists(keys.jobs(keys.tag(digest_of(FUNCTION)))))
        heal([proxy])
        assert await client.hear() == JobCreated(job)
        assert [await client.hear(), await client.hear()] == [WorkData(job, b"part"), said]


async def _woken(worker: Peer) -> bytes:
    await worker.hear()
    return (await worker.take()).handle

"""Foreground submits that Redis may have stored when they are refused: it has them, and its answer was lost."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trio

from broker.settings import Settings
from persistence.keys import digest_of
from protocol import Error, ErrorCode, GetStatus, StatusRes, SubmitJob, WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import Running, impatient, open_running
from tests.faults.proxy import Proxy, open_proxy
from tests.servers import RedisServer

MEBIBYTE = 1024 * 1024


@pytest.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[Proxy]:
    """A wire to the server."""
    async with open_proxy(Proxy(redis_server.port)) as proxy:
        yield proxy


@pytest.fixture
async def remote(proxy: Proxy, tmp_path: Path) -> AsyncIterator[Running]:
    """A broker at the other end of it."""
    url = f"redis://127.0.0.1:{proxy.port}"
    async with open_running(Settings(port=0, redis=url, data_dir=tmp_path, store_timeout=PATIENCE_SECONDS)) as one:
        yield one


@pytest.fixture
async def elsewhere(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Another broker, beside the server."""
    settings = Settings(port=0, redis=redis_server.url, data_dir=tmp_path_factory.mktemp("elsewhere"))
    async with open_running(settings) as one:
        yield one


async def until(condition: Callable[[], object]) -> None:
    with trio.fail_after(PATIENCE_SECONDS):
        while not condition():
            await trio.lowlevel.checkpoint()


async def submit_unheard(
    one: Running, server: RedisServer, proxy: Proxy, client: Peer, *, background: bool = False
) -> None:
    """Have the client submit a job that is stored, or joins another; the answer is swallowed on its way here."""

    def taken() -> int:
        counts = server.client().hmget(one.broker.store.link.keys.function(tag(one)), "submitted", "coalesced")
        return sum(int(count or 0) for count in counts)

    before = taken()
    proxy.drop_replies = True
    await client.say(SubmitJob(b"f", b"unique", b"x", background=background))
    await until(lambda: taken() > before)


async def refused(client: Peer) -> bool:
    return (await client.expect(Error)).code == ErrorCode.QUEUE_ERROR


async def status(one: Running) -> bytes:
    """What `status` lists."""
    return await (await one.peer()).ask_in_text(b"status")


def tag(one: Running) -> bytes:
    return one.broker.store.link.keys.tag(digest_of(b"f"))


def attending(one: Running, server: RedisServer) -> object:
    """The jobs of the function of which Redis believes that somebody waits for them at this broker."""
    return server.client().smembers(tag(one) + b":attending:" + one.broker.store.link.incarnation)


def fill(server: RedisServer) -> None:
    """No memory is left."""
    client = server.client()
    client.set("ballast", bytes(4 * MEBIBYTE))
    client.config_set("maxmemory", int(client.info("memory")["used_memory"]) - 2 * MEBIBYTE)


async def test_what_was_stored_is_dropped_when_its_repeat_is_refused(
    remote: Running, proxy: Proxy, redis_server: RedisServer
) -> None:
    client = await remote.peer()
    await submit_unheard(remote, redis_server, proxy, client)
    fill(redis_server)
    proxy.cut()
    proxy.heal()
    assert await refused(client)
    await remote.until(lambda: not remote.broker.detaching)
    assert b"f\t0\t0\t0\n" in await status(remote)
    assert not attending(remote, redis_server)


async def test_a_background_job_of_that_kind_stays(remote: Running, proxy: Proxy, redis_server: RedisServer) -> None:
    client = await remote.peer()
    await submit_unheard(remote, redis_server, proxy, client, background=True)
    fill(redis_server)
    proxy.cut()
    proxy.heal()
    assert await refused(client)
    await remote.settled()
    assert (await (await remote.worker(b"f")).take()).payload == b"x"


async def test_a_refused_repeat_listens_no_more_to_what_it_had_joined(
    remote: Running, elsewhere: Running, proxy: Proxy, redis_server: RedisServer
) -> None:
    first, client = await elsewhere.peer(), await remote.peer()
    handle = await first.submit(b"f", b"x", b"unique")
    await submit_unheard(remote, redis_server, proxy, client)
    fill(redis_server)
    proxy.cut()
    proxy.heal()
    assert await refused(client)
    await until(lambda: not attending(remote, redis_server))
    assert await first.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)


async def test_who_was_told_too_late_listens_no_more_to_what_it_had_joined(
    remote: Running, elsewhere: Running, proxy: Proxy, redis_server: RedisServer
) -> None:
    first, client = await elsewhere.peer(), await remote.peer()
    handle = await first.submit(b"f", b"x", b"unique")
    with impatient(remote):
        await submit_unheard(remote, redis_server, proxy, client)
        assert await refused(client)
    proxy.cut()
    proxy.heal()
    await until(lambda: not attending(remote, redis_server))
    worker = await elsewhere.worker(b"f")
    assert (await worker.grab()).handle == handle
    await worker.say(WorkComplete(handle, b"end"))
    assert await first.hear() == WorkComplete(handle, b"end")


async def test_who_was_told_while_redis_was_away_listens_no_more_to_what_it_had_joined(
    remote: Running, elsewhere: Running, proxy: Proxy, redis_server: RedisServer
) -> None:
    first, client = await elsewhere.peer(), await remote.peer()
    handle = await first.submit(b"f", b"x", b"unique")
    with impatient(remote):
        await submit_unheard(remote, redis_server, proxy, client)
        proxy.reachable = False
        proxy.cut()
        assert await refused(client)
    proxy.heal()
    await until(lambda: not attending(remote, redis_server))
    assert await first.ask(GetStatus(handle)) == StatusRes(handle, True, False, 0, 0)


async def test_who_waits_here_for_what_it_had_joined_goes_on_waiting(
    remote: Running, elsewhere: Running, proxy: Proxy, redis_server: RedisServer
) -> None:
    patient, client = await remote.peer(), await remote.peer()
    handle = await patient.submit(b"f", b"x", b"unique")
    with impatient(remote):
        await submit_unheard(remote, redis_server, proxy, client)
        assert await refused(client)
    proxy.cut()
    proxy.heal()
    await remote.broker.store.pipe.wait_connected()
    await remote.settled()
    worker = await elsewhere.worker(b"f")
    assert (await worker.grab()).handle == handle
    await worker.say(WorkComplete(handle, b"end"))
    assert await patient.hear() == WorkComplete(handle, b"end")

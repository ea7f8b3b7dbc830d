"""A broker that did not hear what Redis answered, or was not heard, and is cut off then."""

from collections.abc import AsyncIterator

import pytest

from persistence import Manner
from tests.faults.proxy import Proxy, open_proxy
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import Standin, payloads
from tests.servers import RedisServer


@pytest.fixture
async def proxy(redis_server: RedisServer) -> AsyncIterator[Proxy]:
    """A wire to the server."""
    async with open_proxy(Proxy(redis_server.port)) as proxy:
        yield proxy


@pytest.fixture
async def remote(proxy: Proxy, redis_server: RedisServer, start: Start) -> AsyncIterator[Standin]:
    """A broker at the other end of it."""
    broker = await start(Standin(redis_server, port=proxy.port))
    yield broker
    await broker.abandon()


async def test_a_late_result_whose_answer_was_lost_is_the_end_of_the_job(
    proxy: Proxy, remote: Standin, redis_server: RedisServer
) -> None:
    await remote.submit(background=False)
    job = await remote.claim()
    assert await remote.requeue(job) == [b"requeued"]
    proxy.drop_replies = True
    words = remote.finish_soon(job)
    jobs = remote.store.link.keys.jobs(remote.function().tag)
    await until(lambda: not redis_server.client().exists(jobs))
    proxy.cut()
    proxy.heal()
    await until(lambda: bool(words))
    assert words == [b"finished"]


async def test_a_run_that_ended_is_not_given_back_while_its_result_is_asked_for(
    proxy: Proxy, remote: Standin, other: Standin, redis_server: RedisServer
) -> None:
    await remote.submit(unique=b"u")
    job = await remote.claim()
    proxy.drop_replies = True  # that somebody listens elsewhere it does not hear, nor that its result is asked for
    other.store.listen(other.function())
    await other.submit(unique=b"u", background=False)
    remote.events.runs.clear()
    words = remote.finish_soon(job, b"done")
    await until(lambda: proxy.swallowed > 0)
    proxy.cut()
    proxy.heal()
    await until(lambda: bool(words))
    assert words == [b"finished"]
    await until(lambda: bool(other.events.mails))
    assert [mail.payload for mail in other.events.mails] == [b"done"]
    counted = redis_server.client().hgetall(remote.store.link.keys.function(remote.function().tag))
    assert b"requeued" not in counted


async def test_a_job_whose_hand_off_was_lost_is_not_overtaken_by_what_is_sent_again(
    proxy: Proxy, remote: Standin, redis_server: RedisServer
) -> None:
    await remote.submit(b"0")
    await remote.claim()
    proxy.drop_replies = True
    first = remote.submit_soon(b"1", handed=True)
    counted = remote.store.link.keys.function(remote.function().tag)
    await until(lambda: redis_server.client().hget(counted, "submitted") == b"2")
    proxy.drop_requests = True
    second = remote.submit_soon(b"2", handed=True)
    proxy.cut()
    proxy.heal()
    await until(lambda: bool(first and second and second[0].handed))
    assert first[0].handed is None
    assert second[0].handed is not None
    assert second[0].handed.payload == b"1"
    assert (await remote.claim()).payload == b"2"


async def test_a_run_that_is_on_its_way_back_as_a_suspect_is_not_taken_for_a_lost_claim(
    proxy: Proxy, remote: Standin
) -> None:
    await remote.submit(b"suspect")
    await remote.submit(b"behind")
    job = await remote.claim()
    proxy.drop_requests = True
    remote.events.runs.clear()
    words = remote.requeue_soon(job, manner=Manner.SUSPECT)
    await until(lambda: proxy.swallowed > 0)
    proxy.cut()
    proxy.heal()
    await until(lambda: bool(words))
    assert words == [[b"requeued"]]
    counts = await remote.counts()
    assert (counts.retried, counts.requeued) == (1, 0)
    assert payloads([await remote.claim() for _ in range(2)]) == [b"behind", b"suspect"]

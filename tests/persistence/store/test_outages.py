"""Redis dies, stands still, is emptied, or is cut off; and comes back."""

import pytest
import trio
import trio.testing

from persistence import ClaimedJob, JobStatus, Manner, Outcome, StoreUnavailableError, Submitted
from persistence.scripts import CLAIM
from persistence.store import ENOUGH_WRITES
from tests.persistence.pipes import until
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import Answer, Standin, payloads
from tests.servers import AOF, MakeServer, RedisServer


async def test_what_was_acknowledged_before_a_kill_of_redis_is_there(make_server: MakeServer, start: Start) -> None:
    server = make_server(*AOF)
    server.start()
    broker = await start(Standin(server))
    submits: list[list[Answer]] = []

    async def keep_submitting() -> None:
        while len(submits) < 1000:
            for _ in range(20):
                submits.append(broker.submit_soon(b"%d" % len(submits)))
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(keep_submitting)
        await until(lambda: sum(map(bool, submits)) >= 200)
        server.kill()
        acknowledged = sum(map(bool, submits))
        assert acknowledged < 1000
        server.start()
    await until(lambda: all(submits))
    assert {answers[0].outcome for answers in submits} <= {Submitted.QUEUED, Submitted.JOINED}
    assert payloads([await broker.claim() for _ in range(1000)]) == [b"%d" % number for number in range(1000)]
    assert (await broker.look()).job is None
    assert (await broker.counts()).submitted == 1000


async def test_submits_of_an_outage_are_stored_once_and_in_order_when_it_ends(
    make_server: MakeServer, start: Start
) -> None:
    server = make_server(*AOF)
    server.start()
    broker = await start(Standin(server))
    await broker.submit(b"0")
    for number in range(1, 20):
        broker.submit_soon(b"%d" % number)
    await trio.lowlevel.checkpoint()
    server.kill()
    await until(lambda: not broker.store.connected)
    for number in range(20, 40):
        broker.submit_soon(b"%d" % number)
    server.start()
    assert (await broker.submit(b"40")).outcome is Submitted.QUEUED
    assert payloads([await broker.claim() for _ in range(41)]) == [b"%d" % number for number in range(41)]


async def test_a_redis_lags_while_more_writes_wait_for_it_than_keep_it_busy_and_not_while_it_is_gone(
    make_server: MakeServer, start: Start
) -> None:
    server = make_server(*AOF)
    server.start()
    broker = await start(Standin(server))
    await broker.submit()
    server.pause()
    seen = []
    for _ in range(ENOUGH_WRITES):
        seen.append(broker.store.lags)
        broker.submit_soon()
        await trio.testing.wait_all_tasks_blocked()
    seen.append(broker.store.lags)
    server.kill()
    await until(lambda: not broker.store.connected)
    seen.append(broker.store.lags)
    server.start()
    await broker.submit()
    seen.append(broker.store.lags)
    assert seen == [False] * ENOUGH_WRITES + [True, False, False]


async def test_a_redis_that_stands_still_is_unavailable_after_the_store_timeout(
    redis_server: RedisServer, start: Start
) -> None:
    broker = await start(Standin(redis_server, store_timeout_seconds=0.3))
    for payload in (b"claimed late", b"handed late"):
        await broker.submit(payload)
    redis_server.pause()
    claims = broker.claim_soon()
    handed = broker.submit_soon(handed=True)
    await until(lambda: bool(claims and handed and handed[0].outcome))
    assert isinstance(claims[0].job, StoreUnavailableError)
    outcome = handed[0].outcome
    assert isinstance(outcome, StoreUnavailableError)
    assert outcome.sent
    redis_server.resume()
    while (await broker.counts()).requeued != 2:
        pass  # what came too late goes back
    counts = await broker.counts()
    assert (counts.running, counts.queued) == (0, (0, 3, 0))
    assert payloads([await broker.claim() for _ in range(2)]) == [b"claimed late", b"handed late"]


async def test_a_redis_that_is_away_is_unavailable_after_the_store_timeout_and_the_submit_never_runs(
    make_server: MakeServer, start: Start
) -> None:
    server = make_server(*AOF)
    server.start()
    broker = await start(Standin(server, store_timeout_seconds=0.3))
    await broker.submit(b"before")
    server.kill()
    await until(lambda: not broker.store.connected)
    answer = await broker.submit(b"lost")
    assert isinstance(answer.outcome, StoreUnavailableError)
    assert not answer.outcome.sent
    server.start()
    await until(lambda: broker.store.connected)
    assert (await broker.submit(b"after")).outcome is Submitted.QUEUED
    assert payloads([await broker.claim() for _ in range(2)]) == [b"before", b"after"]


async def test_a_claim_whose_answer_was_lost_is_given_back(broker: Standin, redis_server: RedisServer) -> None:
    for number in range(3):
        await broker.submit(b"%d" % number)
    known = await broker.claim()
    await broker.run_script(CLAIM, 2, 2, 1, 65_536)  # whose answer goes nowhere
    redis_server.cut()
    await until(lambda: broker.events.reconnects == 2)
    assert (await broker.counts()).requeued == 1
    assert payloads([await broker.claim() for _ in range(2)]) == [b"1", b"2"]
    assert await broker.finish(known) == b"finished"


async def test_results_of_an_outage_are_written_down_when_it_ends(make_server: MakeServer, start: Start) -> None:
    server = make_server(*AOF)
    server.start()
    broker = await start(Standin(server, store_timeout_seconds=0.1))
    await broker.submit(unique=b"u")
    await broker.submit(b"suspect")
    job, suspect = await broker.claim(), await broker.claim()
    server.kill()
    await until(lambda: not broker.store.connected)
    words: list[bytes | list[bytes]] = []
    ending, function = broker.store.ending, broker.function()
    ending.finish(function, job.id, job.attempt, Outcome.COMPLETED, b"", words.append, unique=job.unique, beside=False)
    ending.requeue(function, [(suspect.id, suspect.attempt)], Manner.SUSPECT, -1, words.append)
    server.start()
    await until(lambda: len(words) == 2)
    assert words == [b"finished", [b"requeued"]]
    assert (await broker.submit(unique=b"u")).outcome is Submitted.QUEUED
    counts = await broker.counts()
    assert (counts.completed, counts.retried, counts.requeued) == (1, 1, 0)


async def test_a_claim_sent_on_an_old_connection_is_refused(broker: Standin, redis_server: RedisServer) -> None:
    await broker.submit()
    old = broker.store.link.call(CLAIM, broker.function(), 1, 2, 1, 65_536)
    redis_server.cut()
    await until(lambda: broker.events.reconnects == 2)
    assert await broker.store.bulk.ask(*old) == b"stale"
    assert (await broker.claim()).attempt == 1


async def test_a_job_whose_payload_is_on_its_way_over_a_break_is_not_given_back(
    broker: Standin, redis_server: RedisServer
) -> None:
    broker.keep_nothing()
    await broker.submit(bytes(1_000_000))
    broker.store.bulk.post(["BLPOP", "latch", 0], lambda reply: None)  # holds up the payload
    looks = broker.claim_soon()
    await broker.settled()
    cut_only(redis_server, ":store")
    await until(lambda: broker.events.reconnects == 2)
    await broker.settled()
    assert not looks
    redis_server.client().rpush("latch", "open")
    await until(lambda: bool(looks))
    assert isinstance(looks[0].job, ClaimedJob)
    counts = await broker.counts()
    assert (counts.running, counts.requeued) == (1, 0)


async def test_a_job_whose_payload_cannot_be_fetched_is_given_back(broker: Standin, redis_server: RedisServer) -> None:
    broker.keep_nothing()
    await broker.submit(bytes(1_000_000))
    broker.store.bulk.post(["BLPOP", "latch", 0], lambda reply: None)
    looks = broker.claim_soon()
    await broker.settled()
    cut_only(redis_server, ":bulk")
    await until(lambda: bool(looks))
    assert isinstance(looks[0].job, StoreUnavailableError)
    counts = await broker.counts()
    assert (counts.queued, counts.requeued) == ((0, 1, 0), 1)


async def test_jobs_whose_payloads_cannot_be_fetched_go_back_in_their_order(
    broker: Standin, redis_server: RedisServer
) -> None:
    broker.keep_nothing()
    large = [bytes([number]) * 70_000 for number in range(5)]
    for payload in large:
        await broker.submit(payload)
    broker.store.bulk.post(["BLPOP", "latch", 0], lambda reply: None)
    looks = [broker.claim_soon() for _ in large]
    await broker.settled()
    cut_only(redis_server, ":bulk")
    await until(lambda: all(looks))
    assert payloads([await broker.claim() for _ in large]) == large


def cut_only(server: RedisServer, name: str) -> None:
    for client in server.client().client_list():
        if client["name"].endswith(name):
            server.client().client_kill_filter(_id=client["id"])


async def test_when_redis_was_emptied_who_waits_is_told_and_handles_are_unknown(
    redis_server: RedisServer, start: Start
) -> None:
    broker = await start(Standin(redis_server, presence_ttl_seconds=0.3))
    waited = await broker.submit(background=False)
    queued = await broker.submit(unique=b"u")
    old = broker.name
    redis_server.client().flushall()
    await until(lambda: broker.events.gone == [waited.id])
    assert broker.name != old
    for answer in (waited, queued):
        assert await broker.status(broker.handle(answer.id)) == JobStatus(known=False)
    new = await broker.submit(b"new", unique=b"u")
    assert new.outcome is Submitted.QUEUED
    assert new.id not in (waited.id, queued.id)
    assert (await broker.claim()).payload == b"new"
    assert await broker.store.asking.functions() == [b"resize"]
    assert redis_server.client().get(broker.store.link.keys.schema) == b"1"


async def test_a_redis_that_restarts_empty_is_like_one_that_was_emptied(
    redis_server: RedisServer, start: Start
) -> None:
    broker = await start(Standin(redis_server))
    waited = await broker.submit(background=False)
    running = await broker.submit()
    job = await broker.claim()
    redis_server.kill()
    redis_server.start()
    await until(lambda: broker.events.gone == [waited.id])
    assert await broker.finish(job) == b"gone"
    assert (await broker.submit()).outcome is Submitted.QUEUED
    assert running.id != (await broker.claim()).id


async def test_the_loss_of_scripts_heals(broker: Standin, redis_server: RedisServer) -> None:
    redis_server.client().script_flush()
    assert (await broker.submit(b"a")).outcome is Submitted.QUEUED
    assert (await broker.claim()).payload == b"a"
    redis_server.client().script_flush()
    with pytest.raises(StoreUnavailableError, match="scripts"):
        await broker.store.sweeper.sweep()
    await broker.store.bulk.wait_connected()
    await broker.store.sweeper.sweep()

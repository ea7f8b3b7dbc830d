"""The ways that jobs go: what clients and workers of one broker, or of two, say and hear."""

import time
from typing import Final

import trio

from protocol import (
    GetStatus,
    JobAssignUniq,
    Noop,
    PreSleep,
    StatusRes,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
)
from tests.awaits.witness import Witness
from tests.awaits.world import FUNCTION, Strike, Way, World
from tests.broker.peers import PATIENCE_SECONDS

LARGE: Final = b"\0large" * 20_000
"""More than comes with a claim: it is fetched."""
HUGE: Final = b"\0huge" * 2_000_000
"""More than the buffers of two sockets."""
ALL: Final = tuple(Strike)
BROKER: Final = (Strike.BROKER,)


async def _is_over(peer: Witness, handle: bytes) -> None:
    """Ask until the job is known no more."""
    with trio.fail_after(PATIENCE_SECONDS):
        while isinstance(status := await peer.ask(GetStatus(handle)), StatusRes) and status.known:
            pass


async def _runs(worker: Witness) -> JobAssignUniq:
    await worker.can_do(FUNCTION)
    return await worker.take()


async def in_the_background(world: World) -> None:
    """Submitted, claimed, half done, looked at, done."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    world.begin()
    await client.submit_background(FUNCTION, b"background", b"unique")
    job = await _runs(worker)
    await worker.say(WorkStatus(job.handle, b"1", b"2"))
    await client.ask(GetStatus(job.handle))
    await worker.say(WorkComplete(job.handle, b""))
    await _is_over(client, job.handle)


async def handed_to_a_sleeper(world: World) -> None:
    """Somebody waits, and a worker sleeps: the job comes back with the answer to its submit."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    await worker.can_do(FUNCTION)
    await worker.fall_asleep()
    world.begin()
    handle = await client.submit(FUNCTION, b"call", b"unique")
    await worker.expect(Noop)
    job = await worker.grab()
    assert job.handle == handle
    await worker.say(WorkWarning(handle, b"w"), WorkData(handle, b"d"), WorkStatus(handle, b"1", b"2"))
    await worker.say(WorkComplete(handle, b"result"))
    await client.hear_the_end()
    await worker.say(PreSleep())
    await _is_over(worker, handle)


async def large(world: World) -> None:
    """A payload that is fetched on a connection of its own, and a result as long."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    world.begin()
    await client.submit(FUNCTION, LARGE)
    job = await _runs(worker)
    assert job.payload == LARGE
    await worker.say(WorkComplete(job.handle, LARGE))
    await client.hear_the_end()


async def read_slowly(world: World) -> None:
    """A result that the system does not take at once, for a client that reads nothing at first."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    world.begin()
    await client.submit(FUNCTION, b"call")
    job = await _runs(worker)
    await worker.say(WorkComplete(job.handle, HUGE))
    await _is_over(worker, job.handle)
    await client.hear_the_end()


async def in_tls(world: World) -> None:
    """Two peers connect, hand in and run, and leave."""
    world.begin()
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    handle = await client.submit(FUNCTION, b"call", b"unique")
    job = await _runs(worker)
    await worker.say(WorkComplete(job.handle, LARGE))
    await client.hear_the_end()
    await _is_over(client, handle)
    await client.leave()
    await worker.leave()


async def taken_for_lost(world: World) -> None:
    """The broker goes on under a new name, while a job runs, one is queued and somebody waits for a third."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    await client.submit_background(FUNCTION, b"runs", b"unique")
    job = await _runs(worker)
    await client.submit_background(FUNCTION, b"queued")
    await client.submit(FUNCTION, b"waited for")
    world.begin()
    await world.is_taken_for_lost()
    await client.submit_background(FUNCTION, b"handed in")
    await worker.say(WorkComplete(job.handle, b""))
    await client.hear_the_end()
    await _is_over(worker, job.handle)


async def failing(world: World) -> None:
    """One ends in a failure, one in an exception."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    world.begin()
    for payload in (b"fails", b"raises"):
        handle = await client.submit(FUNCTION, payload)
        job = await _runs(worker)
        await worker.say(WorkFail(job.handle) if payload == b"fails" else WorkException(job.handle, b"e"))
        await client.hear_the_end()
        await _is_over(client, handle)


async def dropped(world: World) -> None:
    """A worker goes with two jobs; another runs them. A client goes that waits for a third."""
    client, worker, next_worker = [await world.peer(name) for name in (b"client", b"worker", b"next worker")]
    world.begin()
    for payload in (b"one", b"two"):
        await client.submit_background(FUNCTION, payload)
        await _runs(worker)
    await worker.leave()
    for _ in range(2):
        job = await _runs(next_worker)
        await next_worker.say(WorkComplete(job.handle, b""))
        await _is_over(next_worker, job.handle)
    await client.submit(FUNCTION, b"three")
    await client.leave()
    while not await next_worker.finds_nothing():
        await next_worker.say(PreSleep())


async def scheduled(world: World) -> None:
    """Handed in for later; its time comes."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    world.begin()
    await client.submit_at(int(time.time()) + 10_000, FUNCTION, b"late", b"unique")
    await worker.can_do(FUNCTION)
    await worker.fall_asleep()
    world.make_due()
    await worker.expect(Noop)
    job = await worker.take()
    await worker.say(WorkComplete(job.handle, b""))
    await _is_over(client, job.handle)


async def heard_elsewhere(world: World) -> None:
    """The client waits at another broker than the one at which the job runs."""
    await _at_two_brokers(world, await world.peer(b"far", beside=True), await world.peer(b"worker"))


async def run_elsewhere(world: World) -> None:
    """The job runs at another broker than the one at which the client waits."""
    await _at_two_brokers(world, await world.peer(b"client"), await world.peer(b"far", beside=True))


async def _at_two_brokers(world: World, client: Witness, worker: Witness) -> None:
    world.begin()
    handle = await client.submit(FUNCTION, b"call", b"unique")
    job = await _runs(worker)
    for number in range(3):
        await worker.say(WorkData(job.handle, b"%d" % number))
    await worker.say(WorkStatus(job.handle, b"1", b"2"), WorkComplete(job.handle, LARGE))
    await client.hear_the_end()
    await _is_over(client, handle)


async def cut_off(world: World) -> None:
    """The connections to Redis break while one job runs, one is queued and one is handed in."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    await client.submit_background(FUNCTION, b"runs")
    job = await _runs(worker)
    await client.submit_background(FUNCTION, b"queued")
    world.begin()
    world.cut_off_from_redis()
    await worker.say(WorkComplete(job.handle, b""))
    await client.submit_background(FUNCTION, b"handed in")
    await _is_over(client, job.handle)
    for _ in range(2):
        job = await _runs(worker)
        await worker.say(WorkComplete(job.handle, b""))
        await _is_over(client, job.handle)


async def looked_at(world: World) -> None:
    """Operators look, and step in."""
    other, operator = await world.peer(b"other"), await world.peer(b"client")
    await other.submit_background(FUNCTION, b"looked at")
    handle = await other.submit_background(FUNCTION, b"cancelled")
    world.begin()
    world.books.ledger.excused.add(b"cancelled")
    for line in (
        b"status", b"prioritystatus", b"workers", b"show jobs", b"show unique jobs", b"show dead", b"ready",
        b"version", b"maxqueue g 5", b"create function g", b"drop function g", b"cancel job " + handle,
        b"revive job " + handle,
    ):  # fmt: skip
        await operator.ask_in_text(line)


async def started_and_stopped(world: World) -> None:
    """A broker starts, serves and ends."""
    await world.up()
    await (await world.peer(b"client")).submit_background(FUNCTION, b"kept")
    world.stop(gracefully=False)
    await world.over()


async def stopped_with_a_job(world: World) -> None:
    """A broker ends that gives back what runs."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    await client.submit_background(FUNCTION, b"given back")
    await _runs(worker)
    world.begin()
    world.stop(gracefully=False)
    await world.over()


async def stopped_gracefully(world: World) -> None:
    """A broker ends that lets end what runs."""
    client, worker = await world.peer(b"client"), await world.peer(b"worker")
    await client.submit(FUNCTION, b"may end")
    job = await _runs(worker)
    world.begin()
    world.stop(gracefully=True)
    await worker.say(WorkComplete(job.handle, b""))
    await client.hear_the_end()
    await world.over()


WAYS: Final = {
    "a background job": Way(in_the_background, ALL),
    "a hand-off": Way(handed_to_a_sleeper, ALL),
    "a large job": Way(large, ALL),
    "a client that reads slowly": Way(read_slowly, ALL),
    "a call in TLS": Way(in_tls, ALL, tls=True),
    "a new name": Way(taken_for_lost, ALL, beside=True),
    "failures": Way(failing, ALL),
    # The worker that goes costs each of its jobs one run.
    "peers that leave": Way(dropped, ALL, settings={"job_retries": 2}),
    "a scheduled job": Way(scheduled, ALL),
    "a listener elsewhere": Way(heard_elsewhere, (Strike.BROKER, Strike.WORKER), beside=True),
    "a worker elsewhere": Way(run_elsewhere, (Strike.BROKER, Strike.CLIENT), beside=True),
    "a new connection to Redis": Way(cut_off, ALL),
    "text commands": Way(looked_at, (Strike.BROKER, Strike.CLIENT)),
    "a start and a stop": Way(started_and_stopped, BROKER, from_start=True),
    "a stop with a job": Way(stopped_with_a_job, BROKER),
    "a graceful stop": Way(stopped_gracefully, BROKER),
}

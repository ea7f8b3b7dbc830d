"""status and prioritystatus: figures of all brokers, as they were when their turn came."""

import time

from protocol import Priority, SubmitJob, SubmitJobEpoch, WorkComplete
from tests.broker.peers import Peer
from tests.broker.running import OpenRunning, Running


async def answers(peer: Peer, count: int) -> list[bytes]:
    """Replies in text, one after the other; for a peer that has said several commands at once."""
    heard = await peer.hear_bytes(lambda heard: heard.count(b".\n") >= count)
    return [part + b".\n" for part in heard.split(b".\n")[:count]]


def rows(reply: bytes) -> list[list[bytes]]:
    *lines, dot = reply.split(b"\n")[:-1]
    assert dot == b"."
    return [line.split(b"\t") for line in lines]


async def test_figures_are_of_all_brokers_together(open_one: OpenRunning) -> None:
    async with open_one() as one, open_one() as other:
        here, there = await one.peer(), await other.peer()
        await here.submit_background(b"f", b"x")
        await there.submit_background(b"f", b"x", priority=Priority.HIGH)
        await there.submit_background(b"g", b"x", priority=Priority.LOW)
        worker = await one.worker(b"f")
        await (await other.worker(b"f")).grab()
        # What another broker says of its workers is as old as its last beat: here is the next one.
        other.broker.store.keeper.raise_soon(other.broker.store.link.incarnation)
        await other.settled()
        assert rows(await worker.ask_in_text(b"status")) == [[b"f", b"2", b"1", b"2"], [b"g", b"1", b"0", b"0"]]
        assert rows(await worker.ask_in_text(b"prioritystatus")) == [
            [b"f", b"0", b"1", b"0", b"2"],
            [b"g", b"0", b"0", b"1", b"0"],
        ]


async def test_workers_of_a_broker_that_has_left_are_not_counted(open_one: OpenRunning) -> None:
    async with open_one() as one:
        async with open_one() as other:
            await other.worker(b"f")
            other.broker.store.keeper.raise_soon(other.broker.store.link.incarnation)
            await other.settled()
            await other.broker.store.asking.everything_before()
        asker = await one.peer()
        assert rows(await asker.ask_in_text(b"status")) == [[b"f", b"0", b"0", b"0"]]


async def test_jobs_that_wait_for_their_time_are_of_normal_priority(one: Running) -> None:
    client = await one.peer()
    await client.say(SubmitJobEpoch(b"f", b"", int(time.time()) + 1000, b"x"))
    await client.hear()
    assert rows(await client.ask_in_text(b"status")) == [[b"f", b"1", b"0", b"0"]]
    assert rows(await client.ask_in_text(b"prioritystatus")) == [[b"f", b"0", b"1", b"0", b"0"]]


async def test_it_tells_how_things_stood_when_its_turn_came(one: Running) -> None:
    client = await one.peer()
    job = client.encoded(SubmitJob(b"f", b"", b"x", background=True))
    await client.say_bytes(b"".join([job, b"status\r\n", job, job, b"prioritystatus\r\n", job, b"status\r\n"]))
    heard = await answers(client, 3)
    assert [reply[reply.index(b"f\t") :] for reply in heard] == [
        b"f\t1\t0\t0\n.\n",
        b"f\t0\t3\t0\t0\n.\n",
        b"f\t4\t0\t0\n.\n",
    ]


async def test_what_a_worker_ended_before_it_asked_is_not_counted(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"f")
    await client.submit_background(b"f", b"x")
    handle = (await worker.grab()).handle
    await worker.say_bytes(worker.encoded(WorkComplete(handle, b"")) + b"status\r\n")
    assert await worker.hear_text() == b"f\t0\t0\t1\n.\n"


async def test_more_functions_than_are_asked_for_at_a_time_are_listed_by_name(one: Running) -> None:
    client = await one.peer()
    names = sorted(b"f%d" % number for number in range(1001))
    await client.say(*(SubmitJob(name, b"", b"x", background=True) for name in names))
    for _ in names:
        await client.hear()
    bulk = one.broker.store.bulk
    before = bulk.statistics()
    assert rows(await client.ask_in_text(b"status")) == [[name, b"1", b"0", b"0"] for name in names]
    after = bulk.statistics()
    assert after.commands - before.commands < len(names) + 6
    assert after.sends - before.sends <= 10  # two for the names, one for the workers, six for the figures


async def test_a_status_of_a_few_functions_costs_four_trips(open_one: OpenRunning) -> None:
    async with open_one(presence_ttl=1000) as one:
        client = await one.peer()
        await client.submit_background(b"f", b"x")
        await client.submit_background(b"g", b"x")
        await one.settled()
        store = one.broker.store
        before = [store.pipe.statistics().sends, store.bulk.statistics().sends]
        await client.ask_in_text(b"status")
        after = [store.pipe.statistics().sends, store.bulk.statistics().sends]
    # One behind all that was said before; then the workers of others, the names, and the figures of all functions.
    assert [after[0] - before[0], after[1] - before[1]] == [1, 3]

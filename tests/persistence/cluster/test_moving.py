"""A slot moves from one node to another while its function is used."""

import pytest
import trio
import trio.testing

from persistence import ClaimedJob, StoreUnavailableError, Submitted
from persistence.cluster.topology import Topology
from persistence.cluster.ways import ClusterWays
from persistence.scripts import CLAIM
from tests.clusters import Cluster, Move
from tests.persistence.cluster.test_start_on_a_cluster import first_probe_at
from tests.persistence.pipes import until
from tests.persistence.store.standin import FUNCTION, Standin, payloads

sizes = pytest.mark.parametrize("rest", [b"", bytes(70_000)], ids=["small", "large"])
"""What stands behind a number in a payload."""


async def begun(cluster: Cluster, broker: Standin) -> Move:
    return await trio.to_thread.run_sync(cluster.begin_move, broker.function().tag)


async def finished(move: Move) -> None:
    await trio.to_thread.run_sync(move.finish)


async def moved_under_a_listener(broker: Standin, cluster: Cluster) -> None:
    await broker.settled()
    returns = broker.events.reconnects
    await finished(await begun(cluster, broker))
    await until(lambda: broker.events.reconnects > returns)
    broker.store.listen(broker.function())  # as whoever needs it does when told
    await broker.settled()


@sizes
async def test_what_is_handed_in_while_a_slot_is_on_its_way_waits_for_it(
    broker: Standin, cluster: Cluster, rest: bytes
) -> None:
    await broker.submit(b"before", unique=b"u")
    move = await begun(cluster, broker)
    meanwhile = [broker.submit_soon(b"%d" % number + rest) for number in range(100)]
    joining = broker.submit_soon(b"joins", unique=b"u")
    await until(lambda: not broker.store.reaches(broker.function()))
    assert broker.events.aways.count(FUNCTION)
    assert not any(meanwhile)
    move.move_keys(2)
    later = broker.submit_soon(b"100" + rest)
    await finished(move)
    await until(lambda: bool(later))
    assert [answer.outcome for (answer,) in meanwhile] == [Submitted.QUEUED] * 100
    assert joining[0].outcome is Submitted.JOINED
    jobs = [await broker.claim() for _ in range(102)]
    assert payloads(jobs) == [b"before", *(b"%d" % number + rest for number in range(101))]
    assert (await broker.look()).job is None
    for job in jobs:
        assert await broker.finish(job) == b"finished"
    counts = await broker.counts()
    assert (counts.submitted, counts.coalesced, counts.completed, counts.running) == (102, 1, 102, 0)
    await until(lambda: cluster.owner(broker.function().tag) is move.target)


async def test_a_move_that_is_given_up_costs_nothing(broker: Standin, cluster: Cluster) -> None:
    await broker.submit(b"before")
    move = await begun(cluster, broker)
    meanwhile = broker.submit_soon(b"meanwhile")
    await until(lambda: not broker.store.reaches(broker.function()))
    await trio.to_thread.run_sync(move.give_up)
    await until(lambda: bool(meanwhile))
    assert payloads([await broker.claim(), await broker.claim()]) == [b"before", b"meanwhile"]


async def test_a_run_begun_before_a_move_ends_behind_it(broker: Standin, other: Standin, cluster: Cluster) -> None:
    broker.store.listen(broker.function())
    waiting = await broker.submit(background=False)
    job = await other.claim()
    await moved_under_a_listener(broker, cluster)
    assert await other.finish(job, b"done", aloud=True) == b"finished"
    await until(lambda: bool(broker.events.mails))
    (mail,) = broker.events.mails
    assert (mail.id, mail.kind, mail.payload) == (waiting.id, b"completed", b"done")
    assert (await broker.counts()).completed == 1


async def test_who_only_listens_hears_of_jobs_at_the_new_node(
    broker: Standin, other: Standin, cluster: Cluster
) -> None:
    broker.store.listen(broker.function())
    await moved_under_a_listener(broker, cluster)
    await other.submit()
    await until(lambda: (FUNCTION, 1) in broker.events.notices)
    assert isinstance((await broker.look()).job, ClaimedJob)


async def test_a_claim_that_meets_a_slot_on_its_way_is_told_so_at_once(broker: Standin, cluster: Cluster) -> None:
    await broker.submit()
    move = await begun(cluster, broker)
    look = await broker.look()
    assert not isinstance(look.job, ClaimedJob)
    assert look.job is not None  # not "there is none": nobody has looked
    await finished(move)
    assert (await broker.counts()).queued == (0, 1, 0)
    await broker.claim()


async def test_functions_of_other_slots_go_on(broker: Standin, cluster: Cluster) -> None:
    await broker.submit()
    move = await begun(cluster, broker)
    stuck = broker.submit_soon()
    await until(lambda: not broker.store.reaches(broker.function()))
    await broker.submit(function=b"another")
    assert (await broker.claim(b"another")).payload == b"cat.jpg"
    assert not stuck
    await finished(move)
    await until(lambda: bool(stuck))


@sizes
async def test_what_was_sent_to_the_old_node_goes_first_at_the_new_one(
    broker: Standin, cluster: Cluster, rest: bytes
) -> None:
    await broker.submit(b"0" + rest)
    broker.keep_nothing()
    hold_up(broker)
    first = broker.submit_soon(b"1" + rest)
    await until(lambda: broker.store.pipe.statistics().in_flight >= 2)
    await finished(await begun(cluster, broker))
    topology_of(broker).look_again()
    await until(lambda: not broker.store.reaches(broker.function()))
    second = broker.submit_soon(b"2" + rest)  # and what was sent before has not come back
    await until(lambda: bool(first and second))
    assert payloads([await broker.claim() for _ in range(3)]) == [b"0" + rest, b"1" + rest, b"2" + rest]


async def test_what_a_node_may_have_stored_is_told_to_have_been_sent_though_another_refuses_it(
    broker: Standin, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    await broker.submit(b"first")
    tag = broker.function().tag
    node = cluster.owner(tag)
    node.pause()
    stored = broker.submit_soon(b"stored")
    await until(lambda: broker.store.pipe.statistics().in_flight > 0)
    await trio.testing.wait_all_tasks_blocked()
    for pipe in broker.store.pipe.servers:
        pipe.renew("for a test")

    moves: list[Move] = []
    # As soon as the slot is prepared, and before what waits for it is sent once more.
    monkeypatch.setattr(broker.events, "reconnected", lambda functions: moves.append(cluster.begin_move(tag)))
    node.resume()
    await until(lambda: bool(moves) and not broker.store.reaches(broker.function()))
    assert not stored
    await broker.abandon()  # it waits no longer, as after a deadline
    assert isinstance(stored[0].outcome, StoreUnavailableError)
    assert node.client().hexists(broker.store.link.keys.jobs(tag), stored[0].id)
    assert stored[0].outcome.sent
    await trio.to_thread.run_sync(moves[0].give_up)


async def test_a_node_that_was_lost_is_back_while_another_of_its_slots_is_on_its_way(
    broker: Standin, cluster: Cluster
) -> None:
    await broker.submit()
    probe = first_probe_at(cluster.owner(broker.function().tag), cluster)
    move = await trio.to_thread.run_sync(cluster.begin_move, probe)
    for pipe in broker.store.pipe.servers:
        pipe.renew("for a test")
    answers = broker.submit_soon()
    try:
        await until(lambda: bool(answers))
    finally:
        move.give_up()
    assert answers[0].outcome is Submitted.QUEUED


async def test_what_an_old_connection_may_still_deliver_is_refused(broker: Standin, cluster: Cluster) -> None:
    await broker.submit()
    hold_up(broker)
    claim = broker.store.link.call(CLAIM, broker.function(), 1, 2, 1, 65_536)
    looks = broker.claim_soon()
    await until(lambda: broker.store.pipe.statistics().in_flight >= 2)
    returns = broker.events.reconnects
    cluster.owner(broker.function().tag).client().client_kill_filter(_type="normal", skipme=True)
    await until(lambda: broker.events.reconnects > returns and broker.store.reaches(broker.function()))
    assert isinstance(looks[0].job, StoreUnavailableError)
    assert await broker.store.bulk.ask(*claim) == b"stale"
    assert (await broker.claim()).attempt == 1


def hold_up(broker: Standin) -> None:
    """Let nothing be done that is sent to the node of the function from now on."""
    broker.store.pipe.post([b"BLPOP", broker.function().tag + b":latch", 0], lambda reply: None)


def topology_of(broker: Standin) -> Topology:
    ways = broker.store.ways
    assert isinstance(ways, ClusterWays)
    return ways.topology

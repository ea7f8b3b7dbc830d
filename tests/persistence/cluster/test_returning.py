"""What must be so before anything is asked of a function again."""

from collections.abc import Sequence

from persistence import Function
from persistence.keys import digest_of
from tests.clusters import Cluster
from tests.persistence.pipes import until
from tests.persistence.store.standin import Standin


def a_function_elsewhere(broker: Standin, cluster: Cluster) -> bytes:
    """One that is not at the node of the presences."""
    keys = broker.store.link.keys
    names = (b"f%d" % number for number in range(100))
    return next(name for name in names if cluster.owner(keys.tag(digest_of(name))) is not cluster.owner(keys.root))


async def test_nothing_is_claimed_under_a_name_that_is_not_written_down(
    broker: Standin, other: Standin, cluster: Cluster
) -> None:
    name = a_function_elsewhere(broker, cluster)
    await broker.submit(function=name)
    await other.submit(function=name)
    old, latch = broker.name, broker.store.link.keys.root + b":latch"
    broker.store.pipe.post([b"BLPOP", latch, 0], lambda reply: None)  # holds up the node of the presences
    await other.fence(old, name)
    assert (await broker.look(name)).job is None
    assert broker.name != old
    looks = broker.claim_soon(name)
    for _ in range(20):
        assert (await other.counts(name)).running == 0
    assert not looks
    cluster.client().rpush(latch, "open")
    await until(lambda: bool(looks))
    assert broker.name in await other.store.janitor.look()
    await broker.claim(name)


async def test_what_happens_while_a_function_returns_makes_it_return_once_more(broker: Standin) -> None:
    await broker.submit()
    function, told = broker.function(), broker.events.reconnected
    answers: list[object] = []

    def reconnected(functions: Sequence[Function]) -> None:
        told(functions)
        if broker.events.reconnects == returns + 1:
            broker.store.pipe.bring_back(function.tag)

    returns, broker.events.reconnected = broker.events.reconnects, reconnected  # type: ignore[method-assign]  # told, and more
    broker.store.pipe.bring_back(function.tag)
    broker.store.pipe.post([b"EXISTS", function.tag], lambda reply: answers.append(broker.events.reconnects))
    await until(lambda: bool(answers))
    assert answers == [returns + 2]


async def test_who_waits_for_many_jobs_is_told_of_again_when_a_function_returns(
    broker: Standin, cluster: Cluster
) -> None:
    submits = [broker.submit_soon(unique=b"%d" % number, background=False) for number in range(1000)]
    await until(lambda: all(submits))
    client, tag = cluster.client(), broker.function().tag
    client.delete(tag + b":listeners", tag + b":attending:" + broker.name)  # as a node that has older data
    broker.store.pipe.bring_back(tag)
    await until(lambda: client.scard(tag + b":attending:" + broker.name) == 1000)
    assert client.hgetall(tag + b":listeners") == {answer.id: broker.name for (answer,) in submits}

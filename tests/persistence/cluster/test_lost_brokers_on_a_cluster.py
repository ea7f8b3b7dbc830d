"""A broker is lost and found out in every function, whichever node has it."""

from tests.clusters import Cluster
from tests.persistence.store.conftest import Start
from tests.persistence.store.standin import FUNCTION, Standin
from tests.persistence.store.test_lost_brokers import *  # noqa: F403 - the same tests, on other fixtures

# These cut one connection and speak to one server by hand. Ruff does not know what a star brings.
del test_a_broker_whose_submit_takes_long_to_pass_lives  # noqa: F821
del test_a_submit_stored_before_the_name_was_lost_and_answered_after_it_is_stored_once  # noqa: F821
del test_nothing_new_is_stored_under_a_lost_name_where_it_is_not_fenced_yet  # noqa: F821
del test_a_submit_that_comes_late_under_a_lost_name_is_not_stored_beside_its_repeat  # noqa: F821


def forget_presence(cluster: Cluster, of: Standin) -> None:
    """As a failover of the node with the presences does, if the replica that takes its place was behind."""
    keys = of.store.link.keys
    for key in (keys.beats, keys.brokers):
        cluster.client().hdel(key, of.name)


async def test_a_broker_that_dies_as_its_first_presence_is_lost_is_found_by_the_names_it_left(
    cluster: Cluster, start: Start
) -> None:
    lost, heir = await start(Standin(cluster)), await start(Standin(cluster))
    await lost.submit(b"x")
    await lost.claim()
    name = lost.name
    await lost.abandon()
    forget_presence(cluster, lost)
    heir.store.listen(heir.function())
    await heir.settled()
    await heir.store.janitor.return_strays()
    assert heir.events.notices == []  # it may live, and raise its presence again
    await heir.store.janitor.return_strays()
    assert heir.events.notices == [(FUNCTION, 1)]
    assert (await heir.claim()).payload == b"x"
    assert name not in await heir.store.janitor.strays.find()


async def test_a_broker_that_lives_and_raises_its_presence_again_is_no_stray(cluster: Cluster, start: Start) -> None:
    lost, heir = await start(Standin(cluster)), await start(Standin(cluster))
    await lost.submit(b"x")
    name = lost.name
    forget_presence(cluster, lost)
    await heir.store.janitor.return_strays()
    await lost.store.keeper.raise_now()
    assert name not in await heir.store.janitor.strays.find()

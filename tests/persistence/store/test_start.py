"""What a store finds out before it works."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import trio

from persistence import StoreError, StoreRefusedError, StoreUnavailableError, StoreVersionError, open_store
from persistence.keys import Keys
from tests.persistence.store.conftest import Start
from tests.persistence.store.picture import picture
from tests.persistence.store.standin import PREFIX, Standin
from tests.servers import RedisServer

PASSWORD = "pa55"
EVERYTHING = ("~{test*", "&{test*", "+@all", "-@admin")


async def refused_by(broker: Standin, error: type[StoreError]) -> str:
    with pytest.raises(error) as caught:
        async with open_store(broker.store):
            pytest.fail("it works")
    line = str(caught.value)
    assert "\n" not in line
    assert PASSWORD not in line
    return line


def shop(server: RedisServer, *rules: str) -> Standin:
    """A broker that logs in as a user with these rules."""
    client: Any = server.client()
    client.execute_command("ACL", "SETUSER", "shop", "reset", "on", f">{PASSWORD}", *rules)
    return Standin(server, username="shop", password=PASSWORD)


async def test_data_of_a_newer_schema_is_refused(redis_server: RedisServer) -> None:
    redis_server.client().set(Keys(PREFIX).schema, 2)
    line = await refused_by(Standin(redis_server), StoreVersionError)
    assert line == (
        "the data under the prefix 'test' is of schema 2, this broker knows 1: "
        "start the release that wrote it, or choose another --redis-prefix"
    )
    assert redis_server.client().keys() == [Keys(PREFIX).schema]


async def test_two_prefixes_on_one_redis_do_not_meet(redis_server: RedisServer, start: Start) -> None:
    redis_server.client().set(Keys(PREFIX).schema, 2)
    one = await start(Standin(redis_server, prefix=b"one"))
    two = await start(Standin(redis_server, prefix=b"one:two"))
    await one.submit(b"of one", unique=b"u")
    await two.submit(b"of two", unique=b"u")
    assert (await two.claim()).payload == b"of two"
    assert list(await one.store.janitor.look()) == [one.name]


FORBIDDEN: dict[str, Sequence[str]] = {
    "publishing": ("-spublish",),
    "the channels": ("resetchannels",),
    "subscribing": ("-ssubscribe",),
    "a command of the scripts": ("-zadd",),
    "the keys": ("resetkeys", "~other*"),
}


@pytest.mark.parametrize("rules", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_user_who_lacks_a_permission_is_refused_at_start(
    redis_server: RedisServer, rules: Sequence[str]
) -> None:
    line = await refused_by(shop(redis_server, *EVERYTHING, *rules), StoreRefusedError)
    assert line.endswith("(the Redis user needs ~{test* &{test* +@all -@admin)")


async def test_a_command_that_was_taken_away_there_is_no_matter_of_permissions(
    make_server: Callable[..., RedisServer],
) -> None:
    server = make_server("--rename-command", "EVALSHA", "")
    server.start()
    line = await refused_by(Standin(server), StoreRefusedError)
    assert "unknown command 'EVALSHA'" in line
    assert line.endswith("(it was renamed or taken away there, and a broker needs it: use a Redis that has it)")


async def test_a_user_with_just_these_permissions_works(redis_server: RedisServer, start: Start) -> None:
    broker = await start(shop(redis_server, *EVERYTHING))
    await broker.submit(b"a")
    broker.store.listen(broker.function())
    await broker.finish(await broker.claim())
    await broker.store.leave()


async def test_the_trial_of_permissions_leaves_nothing(broker: Standin, redis_server: RedisServer) -> None:
    await broker.settled()
    assert not [key for key in picture(redis_server.client()) if b"probe" in key]


async def test_a_redis_that_is_not_there_is_unavailable(redis_server: RedisServer) -> None:
    redis_server.stop()
    broker = Standin(redis_server, connect_timeout_seconds=0.2)
    await refused_by(broker, StoreUnavailableError)


async def test_what_the_block_raises_comes_out_as_it_went_in(redis_server: RedisServer) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_store(Standin(redis_server).store):
            raise KeyError("mine")


async def test_a_cancelled_block_leaves_a_presence_that_stands_still(redis_server: RedisServer) -> None:
    broker = Standin(redis_server)
    with trio.CancelScope() as scope:
        async with open_store(broker.store):
            scope.cancel()
            await trio.lowlevel.checkpoint()
    assert scope.cancelled_caught
    assert redis_server.client().hkeys(Keys(PREFIX).beats) == [broker.name]


async def test_a_prefix_with_a_brace_is_refused(redis_server: RedisServer) -> None:
    with pytest.raises(ValueError, match="brace"):
        Standin(redis_server, prefix=b"a{b")


async def test_other_brokers_say_how_many_workers_they_have(broker: Standin, other: Standin) -> None:
    assert await broker.store.workers_elsewhere() == {b"resize": 2}
    assert await other.store.workers_elsewhere() == {b"resize": 2}

"""A broker inside somebody else's program: how it begins and ends, and what it leaves behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from broker.app import open_broker, serve
from broker.settings import Settings
from persistence import StoreError
from tests.broker.peers import open_peer
from tests.broker.running import OpenRunning
from tests.cancelling import cancelled_at
from tests.persistence.embedded_homes import lives, store_home
from tests.ports import private_port
from tests.servers import RedisServer

MANY_AWAITS = 400


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    async with store_home() as path:
        yield path


@pytest.fixture
def on_redis(shared_server: RedisServer, tmp_path: Path) -> Settings:
    return Settings(port=0, redis=shared_server.unix_url, redis_prefix="embedding", data_dir=tmp_path)


async def is_served(address: tuple[str, int]) -> bool:
    """Whether a broker answers there."""
    try:
        async with open_peer(address) as peer:
            return (await peer.ask_in_text(b"version")).startswith(b"OK ")
    except OSError:
        return False


def living_tasks() -> int:
    """How many tasks there are."""
    return trio.lowlevel.current_statistics().tasks_living


async def test_inside_the_block_it_serves_where_it_says(home: Path) -> None:
    async with open_broker(Settings(port=0, data_dir=home)) as broker:
        ((host, port),) = broker.addresses
        assert host == "127.0.0.1"
        assert port != 0
        assert await is_served((host, port))
        assert str(home) in broker.data


async def test_serve_tells_where_it_listens(on_redis: Settings) -> None:
    async with trio.open_nursery() as nursery:
        addresses = await nursery.start(serve, on_redis)
        assert [await is_served(address) for address in addresses] == [True]
        nursery.cancel_scope.cancel()


async def test_all_addresses_share_a_free_port(on_redis: Settings) -> None:
    given = on_redis.model_copy(update={"listen": ("127.0.0.1", "127.0.0.2")})
    async with open_broker(given) as broker:
        assert [host for host, _ in broker.addresses] == ["127.0.0.1", "127.0.0.2"]
        assert len({port for _, port in broker.addresses}) == 1
        assert [await is_served(address) for address in broker.addresses] == [True, True]


async def test_after_the_block_nothing_is_left(home: Path) -> None:
    tasks = living_tasks()
    async with open_broker(Settings(port=0, data_dir=home)) as broker:
        address = broker.addresses[0]
        assert lives(home)
    assert not lives(home)
    assert not await is_served(address)
    assert living_tasks() == tasks


async def test_an_exception_of_the_block_comes_out_as_it_went_in(home: Path) -> None:
    ours = KeyError("ours")
    tasks = living_tasks()
    with pytest.raises(KeyError) as raised:
        async with open_broker(Settings(port=0, data_dir=home)):
            raise ours
    assert raised.value is ours
    assert not lives(home)
    assert living_tasks() == tasks


async def test_cancelled_it_leaves_neither_task_nor_socket_nor_process(home: Path) -> None:
    tasks = living_tasks()
    address = ("", 0)
    with trio.CancelScope() as scope:
        async with open_broker(Settings(port=0, data_dir=home)) as broker:
            address = broker.addresses[0]
            async with open_peer(address):
                scope.cancel()
                await trio.sleep_forever()
    assert scope.cancelled_caught
    assert not await is_served(address)
    assert not lives(home)
    assert living_tasks() == tasks


async def test_a_program_may_run_several_after_each_other_and_beside_each_other(on_redis: Settings) -> None:
    for _ in range(2):
        async with open_broker(on_redis) as first, open_broker(on_redis) as second:
            assert await is_served(first.addresses[0])
            assert await is_served(second.addresses[0])


async def test_a_port_that_is_taken_is_said_so_and_no_store_is_started(home: Path) -> None:
    async with open_broker(Settings(port=0, data_dir=home / "one")) as broker:
        taken = Settings(port=broker.addresses[0][1], data_dir=home / "two")
        with pytest.raises(OSError, match=r"cannot listen on 127\.0\.0\.1 port \d+: Address already in use"):
            async with open_broker(taken):
                pass
        assert not (home / "two").exists()


async def test_a_store_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    nowhere = f"redis://127.0.0.1:{private_port()}?socket_connect_timeout=0.2"
    with pytest.raises(StoreError):
        async with open_broker(Settings(port=0, redis=nowhere, data_dir=tmp_path)):
            pass


async def test_cancelled_at_any_await_from_its_start_to_its_end_it_leaves_nothing(on_redis: Settings) -> None:
    tasks = living_tasks()

    async def start_and_stop() -> None:
        async with open_broker(on_redis) as broker, open_peer(broker.addresses[0]) as peer:
            await peer.ask_in_text(b"version")

    for count in range(1, MANY_AWAITS):
        stopped = await cancelled_at(count, start_and_stop)
        assert living_tasks() == tasks
        if not stopped:
            return
    raise AssertionError("it has more awaits than this test has patience")


async def test_the_defect_of_a_duty_ends_the_block_with_that_defect(open_one: OpenRunning) -> None:
    with pytest.raises(ZeroDivisionError):
        await run_defective(open_one)


async def run_defective(open_one: OpenRunning) -> None:
    """A broker one of whose tasks does what none should."""

    async def defective() -> None:
        raise ZeroDivisionError

    async with open_one() as one:
        one.broker.start_soon(defective)
        await trio.sleep_forever()

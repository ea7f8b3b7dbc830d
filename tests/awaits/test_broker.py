"""A broker, or a session of it, cancelled at each await on the way of a job: nothing leaks, nothing is half done."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.awaits.plan import walk_all
from tests.awaits.watch import Target
from tests.awaits.ways import WAYS
from tests.awaits.world import Strike, walk
from tests.servers import RedisServer, find_engine

TIMES = 30


@pytest.fixture(scope="module", params=["redis", "valkey"])
def redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """One server for all walks."""
    server = RedisServer(find_engine(request.param))
    server.start()
    yield server
    server.clean_up()


@pytest.mark.parametrize(("name", "strike"), [(name, strike) for name, way in WAYS.items() for strike in way.strikes])
async def test_cancelled_at_any_await_nothing_is_lost_or_left(
    redis: RedisServer, tmp_path: Path, name: str, strike: Strike
) -> None:
    tally = await walk_all(WAYS[name], strike, redis, tmp_path)
    assert tally.struck
    gc.collect()  # what was not closed is told now


async def test_a_name_that_is_being_written_is_written_before_its_file_is_closed(
    redis: RedisServer, tmp_path: Path
) -> None:
    way = WAYS["a new name"]
    seen, _ = await walk(way, Strike.BROKER, redis, tmp_path / "unharmed")
    (where,) = (where for where in seen if "Identity.write" in where.place)
    for number in range(TIMES):  # a thread writes, and may be quick
        await walk(way, Strike.BROKER, redis, tmp_path / str(number), Target(where, 1))

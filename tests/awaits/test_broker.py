"""A broker, or a session of it, cancelled at each await on the way of a job: nothing leaks, nothing is half done."""

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.awaits.plan import BOTH_ENDS, Times, walk_all
from tests.awaits.stores import KINDS, Stored, running
from tests.awaits.watch import Target
from tests.awaits.ways import WAYS
from tests.awaits.world import Strike, walk
from tests.servers import find_engine

TIMES = 30

ELSEWHERE: Final = {
    ("redis", "a server with a replica"): ("a background job", "a new connection to Redis"),
    ("valkey", "a server with a replica"): ("a new name", "a start and a stop"),
    ("valkey", "a cluster"): ("a background job", "a new name"),
    ("redis", "a cluster with replicas"): ("a background job", "a new name", "a start and a stop"),
    ("valkey", "a cluster with replicas"): ("a new connection to Redis",),
}
"""Ways that have awaits there which they do not have on one server. `python -m tests.awaits` goes every way on each
kind of store of both engines, and strikes every time; that takes too long to be done with each change."""
FIRST: Final = Times(1, 0)


ONE_SERVER: Final = [("redis", "one server"), ("valkey", "one server")]


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest) -> Iterator[Stored]:
    """One for all its walks."""
    engine, kind = request.param
    with running(find_engine(engine), KINDS[kind]) as store:
        yield store


@pytest.mark.parametrize("store", ONE_SERVER, ids=" on ".join, indirect=True)
@pytest.mark.parametrize(("name", "strike"), [(name, strike) for name, way in WAYS.items() for strike in way.strikes])
async def test_cancelled_at_any_await_nothing_is_lost_or_left(
    store: Stored, tmp_path: Path, name: str, strike: Strike
) -> None:
    tally = await walk_all(WAYS[name], strike, store, tmp_path, times=BOTH_ENDS)
    assert tally.struck
    gc.collect()  # what was not closed is told now


@pytest.mark.parametrize(("store", "names"), ELSEWHERE.items(), ids=map(" on ".join, ELSEWHERE), indirect=["store"])
async def test_so_it_is_where_jobs_are_on_replicas_or_on_a_cluster(
    store: Stored, tmp_path: Path, names: tuple[str, ...]
) -> None:
    for name in names:
        tally = await walk_all(WAYS[name], Strike.BROKER, store, tmp_path / name, times=FIRST)
        assert tally.struck
    gc.collect()


@pytest.mark.parametrize("store", ONE_SERVER, ids=" on ".join, indirect=True)
async def test_a_name_that_is_being_written_is_written_before_its_file_is_closed(store: Stored, tmp_path: Path) -> None:
    way = WAYS["a new name"]
    seen, _ = await walk(way, Strike.BROKER, store, tmp_path / "unharmed")
    (where,) = (where for where in seen if "written_in_thread" in where.place)
    for number in range(TIMES):  # a thread writes, and may be quick
        await walk(way, Strike.BROKER, store, tmp_path / str(number), Target(where, 1))

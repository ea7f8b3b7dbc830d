"""A full or read-only disk under the embedded store: at its start, and while it runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import redis
import trio

from persistence.embedded import open_embedded_store
from persistence.errors import EmbeddedStoreError
from tests.persistence.embedded_homes import lives, looker
from tests.persistence.log_ear import hearing
from tests.persistence.small_disk import fill, remount, small_home

KILOBYTES = 1024
VALUE = b"x" * 9000

ADVICE = "mend that, or choose another directory"


@pytest.fixture
async def disk() -> AsyncIterator[Path]:
    async with small_home(KILOBYTES) as path:
        yield path


async def refusal(directory: Path) -> str:
    """What is said about a disk on which the store cannot be started."""
    with pytest.raises(EmbeddedStoreError) as caught:
        async with open_embedded_store(directory):
            pytest.fail("it started")
    return str(caught.value)


async def test_a_disk_that_is_full_at_the_start(disk: Path) -> None:
    filler = fill(disk)
    assert await refusal(disk) == f"cannot use the data directory {disk}: No space left on device; {ADVICE}"
    assert not lives(disk)
    filler.unlink()
    async with open_embedded_store(disk):
        assert looker(disk).set("k", "v")


async def test_a_read_only_disk(disk: Path) -> None:
    remount(disk, "ro")
    assert await refusal(disk) == f"cannot use the data directory {disk}: Read-only file system; {ADVICE}"
    remount(disk, "rw")
    async with open_embedded_store(disk):
        assert looker(disk).set("k", "v")


def write_until_refused(directory: Path) -> int:
    """How many values were accepted before the server gave up."""
    client = looker(directory)
    accepted = 0
    try:
        while True:
            client.rpush("values", VALUE)
            accepted += 1
    except redis.ConnectionError:
        return accepted


async def test_a_disk_that_fills_up_loses_nothing_accepted_and_heals_when_there_is_room(disk: Path) -> None:
    """With appendfsync always the server cannot go on: it ends, and is started again when there is room."""
    with hearing("persistence.embedded") as ear:
        async with open_embedded_store(disk) as store, trio.open_nursery() as nursery:
            nursery.start_soon(store.watch)
            filler = fill(disk, leave_bytes=200_000)
            accepted = await trio.to_thread.run_sync(write_until_refused, disk)
            told = await ear.line("cannot be started again yet")
            assert "Short write while writing to the AOF file" in told
            assert "No space left on device" in told
            filler.unlink()
            await ear.line("serves again")
            assert looker(disk).lrange("values", 0, -1) == [VALUE] * accepted
            looker(disk).rpush("values", VALUE)
            nursery.cancel_scope.cancel()


async def test_a_start_after_the_disk_filled_up_says_so(disk: Path) -> None:
    async with open_embedded_store(disk):
        filler = fill(disk, leave_bytes=200_000)
        accepted = await trio.to_thread.run_sync(write_until_refused, disk)
    assert "No space left on device" in await refusal(disk)
    filler.unlink()
    async with open_embedded_store(disk):
        assert looker(disk).llen("values") == accepted

"""An import may be repeated: after it was killed, after the jobs have run, after the source or the target failed."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from protocol import SubmitJob
from tests.importing.conftest import MakeGearmand
from tests.importing.draining import drain
from tests.importing.gearmands import QueueingGearmand, background, leave, redis_flags, sqlite_flags, submit_all
from tests.importing.holding import open_holding_way
from tests.importing.importer import IMPORT_SECONDS, in_time, run_import, started_import
from tests.persistence.pipes import until
from tests.processes import BrokerProcess
from tests.servers import AOF, RedisServer

MANY = 3_000
HALF_BYTES = 400_000
"""What an import says to Redis when it is about half done: 100 kB of scripts, and 200 bytes for each job."""


@pytest.fixture
def target(redis_server: RedisServer) -> RedisServer:
    return redis_server


def to(target: RedisServer, data_dir: Path) -> tuple[str, ...]:
    return ("--redis", target.unix_url, "--data-dir", str(data_dir))


def many() -> list[SubmitJob]:
    return [background(b"f", b"u%d" % number, b"\0%d" % number) for number in range(MANY)]


async def left_in_sqlite(make_gearmand: MakeGearmand, path: Path) -> str:
    """Jobs in a file; written at gearmand's end, for in between it syncs each of them."""
    await leave(make_gearmand(*sqlite_flags(path, "--store-queue-on-shutdown")), *many())
    return str(path)


async def left_in_redis(make_gearmand: MakeGearmand, source: RedisServer) -> str:
    await leave(make_gearmand(*redis_flags(source)), *many())
    return source.url


def stored(target: RedisServer) -> int:
    """How many jobs are in the target."""
    client = target.client()
    return sum(client.hlen(key) for key in client.scan_iter("{gearman:*}:jobs"))


async def kill_in_the_middle(target: RedisServer, data_dir: Path, *words: str) -> None:
    """Start an import, and kill it when some jobs have been taken over and others not."""
    async with open_holding_way(target, HALF_BYTES) as way:
        with started_import(*words, "--redis", way.url, "--data-dir", str(data_dir)), trio.fail_after(IMPORT_SECONDS):
            await way.held.wait()


@pytest.mark.parametrize(("kind", "deleting"), [("sqlite", True), ("redis", False)], ids=["deleting", "keeping"])
async def test_killed_in_the_middle_run_in_part_and_repeated_every_job_runs_once(
    make_gearmand: MakeGearmand,
    source: RedisServer,
    target: RedisServer,
    queue_file: Path,
    data_dir: Path,
    kind: str,
    deleting: bool,
) -> None:
    if kind == "sqlite":
        where = await left_in_sqlite(make_gearmand, queue_file)
    else:
        where = await left_in_redis(make_gearmand, source)
    source_words = ["--from", where, *(["--delete-imported"] if deleting else [])]
    await kill_in_the_middle(target, data_dir, *source_words)
    words = [*source_words, *to(target, data_dir)]
    assert 0 < stored(target) < MANY
    with BrokerProcess(data_dir, "--redis", target.unix_url) as broker:
        ran = await drain(broker, b"f", most=100)
        assert len(ran) == 100
        rest = await run_import(*words)
        assert rest.status == 0
        assert rest.counts["imported"] + rest.counts.get("already there", 0) == rest.counts["found"] <= MANY
        ran += await drain(broker, b"f")
        assert Counter(job.payload for job in ran) == Counter({b"\0%d" % number: 1 for number in range(MANY)})
        again = await run_import(*words)
        assert again.counts.get("already there", 0) == (0 if deleting else MANY)
        assert "imported" not in again.counts
        assert await drain(broker, b"f") == []


async def test_a_job_whose_unique_is_taken_here_joins_that_job(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    await leave(sqlite_gearmand, background(b"f", b"monday", b"old"), background(b"f", b"tuesday", b"x"))
    words = ("--from", str(queue_file), "--data-dir", str(data_dir))
    with BrokerProcess(data_dir) as broker:
        await submit_all(broker, [background(b"f", b"monday", b"new")])
        tried = await run_import(*words, "--dry-run")
        assert (tried.counts["would be joined"], tried.counts["would be imported"]) == (1, 1)
        imported = await run_import(*words)
        assert (imported.counts["joined"], imported.counts["imported"]) == (1, 1)
        assert [job.payload for job in await drain(broker, b"f")] == [b"new", b"x"]
        assert (await run_import(*words)).counts["already there"] == 2
        assert await drain(broker, b"f") == []


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, target: RedisServer, data_dir: Path
) -> None:
    await leave(sqlite_gearmand, *(background(b"f", b"u%d" % n, b"x") for n in range(3)))
    before = await trio.Path(queue_file).read_bytes()
    words = ("--from", str(queue_file), *to(target, data_dir))
    for _ in range(2):
        tried = await run_import(*words, "--dry-run")
        assert tried.status == 0
        assert tried.counts == {"found": 3, "would be imported": 3, "f": 3}
    assert await trio.Path(queue_file).read_bytes() == before
    left = {key for key in target.client().scan_iter("*") if not key.startswith(b"{gearman}:")}
    assert left == set()
    await run_import(*words)
    assert (await run_import(*words, "--dry-run")).counts == {"found": 3, "already there": 3}


async def test_another_batch_is_another_queue(
    sqlite_gearmand: QueueingGearmand, make_gearmand: MakeGearmand, tmp_path: Path, queue_file: Path, data_dir: Path
) -> None:
    job = background(b"report", b"daily", b"")
    await leave(sqlite_gearmand, job)
    await leave(make_gearmand(*sqlite_flags(tmp_path / "second.db")), job)
    with BrokerProcess(data_dir) as broker:
        where = ("--data-dir", str(data_dir))
        assert (await run_import("--from", str(queue_file), *where)).counts["imported"] == 1
        assert len(await drain(broker, b"report")) == 1
        second = ("--from", str(tmp_path / "second.db"), *where)
        known = await run_import(*second)
        assert known.counts["already there"] == 1
        assert "--batch with another name imports it" in known.said
        assert (await run_import(*second, "--batch", "second")).counts["imported"] == 1
        assert len(await drain(broker, b"report")) == 1


async def test_what_was_imported_is_remembered_for_a_month_in_parts_and_then_forgotten(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, target: RedisServer, data_dir: Path
) -> None:
    await leave(sqlite_gearmand, *(background(b"f", b"u%d" % n, b"x") for n in range(50)))
    await run_import("--from", str(queue_file), *to(target, data_dir))
    client = target.client()
    parts = list(client.scan_iter("{gearman:*}:imported:*"))
    assert sum(client.hlen(part) for part in parts) == 50
    assert len(parts) > 20
    assert all(29 * 86400 < client.ttl(part) <= 30 * 86400 for part in parts)


async def test_a_target_that_restarts_in_the_middle_is_waited_for(
    make_server: Callable[..., RedisServer], make_gearmand: MakeGearmand, source: RedisServer, data_dir: Path
) -> None:
    where = await left_in_redis(make_gearmand, source)
    target = make_server(*AOF)
    target.start()
    with started_import("--from", where, *to(target, data_dir)) as process:
        await until(lambda: stored(target) > 0)
        target.kill()
        target.start()
        assert await in_time(process.wait) == 0
    assert stored(target) == MANY


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_stopped_by_a_signal_it_says_so_and_how_to_go_on(
    make_gearmand: MakeGearmand, source: RedisServer, target: RedisServer, data_dir: Path, number: signal.Signals
) -> None:
    where = await left_in_redis(make_gearmand, source)
    async with open_holding_way(target, HALF_BYTES) as way:
        words = ("--from", where, "--redis", way.url, "--data-dir", str(data_dir))
        with started_import(*words, stderr=subprocess.PIPE) as process:
            with trio.fail_after(IMPORT_SECONDS):
                await way.held.wait()
            process.send_signal(number)
            _, said = await in_time(process.communicate)
    assert process.returncode == 1
    lines = said.decode().splitlines()
    assert lines[0] == f"trio-gearman: stopped by {number.name}"
    assert lines[1].endswith("the same command goes on from here, and imports nothing twice")
    assert len(lines) == 2

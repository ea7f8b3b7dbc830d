"""A queue of `-q libsqlite3`, imported into the embedded store."""

import os
import pwd
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import trio

from protocol import Priority, SubmitJobEpoch
from tests.importing.conftest import MakeGearmand
from tests.importing.draining import drain
from tests.importing.gearmands import NUL_PAYLOAD, QueueingGearmand, background, leave, sqlite_flags
from tests.importing.importer import import_command, run_import
from tests.processes import BrokerProcess
from tests.programs import missing, run_program
from tests.servers import RedisServer

FAR = 4_000_000_000

TABLE = (
    "CREATE TABLE gearman_queue (unique_key TEXT, function_name TEXT, priority INTEGER, data BLOB, "
    "when_to_run INTEGER, PRIMARY KEY (unique_key, function_name))"
)
"""As gearmand makes it. Large queues are written here, because it syncs each row to the disk."""


def rows_of(queue_file: Path) -> int:
    with closing(sqlite3.connect(queue_file)) as connection:
        (number,) = connection.execute("SELECT COUNT(*) FROM gearman_queue").fetchone()
    return int(number)


async def test_payloads_uniques_and_functions_arrive_to_the_byte(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    await leave(
        sqlite_gearmand,
        background(b"mail", b"u1", NUL_PAYLOAD),
        background(b"send-mail", b"a-b-c", b""),
        background(b"f\xff\xfe n", b"\xc3\xa9 'q\"", b"%s"),
        background(b"mail", b"V" * 63, b"long"),
    )
    imported = await run_import("--from", str(queue_file), "--data-dir", str(data_dir))
    assert (imported.status, imported.complaints) == (0, ())
    assert imported.counts == {
        "found": 4, "imported": 4, "mail": 2, "send-mail": 1, r"f\xff\xfe n": 1,
    }  # fmt: skip
    with BrokerProcess(data_dir) as broker:
        jobs = await drain(broker, b"mail", b"send-mail", b"f\xff\xfe n")
    assert {(job.function, job.unique, job.payload) for job in jobs} == {
        (b"mail", b"u1", NUL_PAYLOAD),
        (b"send-mail", b"a-b-c", b""),
        (b"f\xff\xfe n", b"\xc3\xa9 'q\"", b"%s"),
        (b"mail", b"V" * 63, b"long"),
    }


async def test_jobs_run_by_priority_and_then_in_the_order_in_which_gearmand_took_them(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    levels = (Priority.LOW, Priority.NORMAL, Priority.HIGH)
    await leave(
        sqlite_gearmand,
        *(background(b"f", b"u%d" % n, b"%d" % n, priority=levels[n % 3]) for n in range(60, 0, -1)),
    )
    assert (await run_import("--from", str(queue_file), "--data-dir", str(data_dir))).status == 0
    with BrokerProcess(data_dir) as broker:
        ran = [int(job.payload) for job in await drain(broker, b"f")]
    assert ran == [number for level in (2, 1, 0) for number in range(60, 0, -1) if number % 3 == level]


async def test_a_delayed_job_waits_for_its_time_and_one_whose_time_has_passed_runs(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    soon = int(time.time()) + 5
    await leave(
        sqlite_gearmand,
        SubmitJobEpoch(b"f", b"later", FAR, b"later"),
        SubmitJobEpoch(b"f", b"past", 5, b"past"),
        SubmitJobEpoch(b"g", b"soon", soon, b"soon"),
    )
    imported = await run_import("--from", str(queue_file), "--data-dir", str(data_dir))
    assert imported.counts["imported"] == 3
    with BrokerProcess(data_dir) as broker:
        assert [job.payload for job in await drain(broker, b"f")] == [b"past"]
        while not (jobs := await drain(broker, b"g")):
            pass
        assert [job.payload for job in jobs] == [b"soon"]
        assert time.time() >= soon


async def test_only_the_last_of_jobs_without_a_unique_is_there_and_that_is_said(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    await leave(
        sqlite_gearmand,
        *(background(b"mail", unique, b"%d" % n) for unique in (b"", b"-") for n in range(3)),
        background(b"mail", b"U" * 64, b"cut"),
    )
    imported = await run_import("--from", str(queue_file), "--data-dir", str(data_dir))
    assert imported.counts["imported"] == 3
    assert "- 2 jobs have no unique of their own (empty, or -), in mail: gearmand keeps only the last" in imported.said
    assert "- 1 uniques had 64 bytes, of which gearmand kept 63" in imported.said
    with BrokerProcess(data_dir) as broker:
        jobs = await drain(broker, b"mail")
    assert {(job.unique, job.payload) for job in jobs} == {(b"", b"2"), (b"-", b"2"), (b"U" * 63, b"cut")}


async def test_a_table_of_another_name_is_read_by_that_name(
    make_gearmand: MakeGearmand, queue_file: Path, data_dir: Path
) -> None:
    await leave(make_gearmand(*sqlite_flags(queue_file, "--libsqlite3-table", "jobs")), background(b"f", b"u", b"x"))
    where = ("--from", str(queue_file), "--data-dir", str(data_dir))
    refused = await run_import(*where)
    assert refused.status == 1
    assert "has no table 'gearman_queue'; it has jobs: give --from-table" in refused.complaints[0]
    assert (await run_import(*where, "--from-table", "jobs")).counts["imported"] == 1


async def test_the_source_is_not_touched_unless_that_is_wanted(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    await leave(sqlite_gearmand, *(background(b"f", b"u%d" % n, b"x") for n in range(5)))
    before = await trio.Path(queue_file).read_bytes()
    where = ("--from", str(queue_file), "--data-dir", str(data_dir))
    await run_import(*where)
    assert await trio.Path(queue_file).read_bytes() == before
    again = await run_import(*where, "--delete-imported")
    assert again.counts["already there"] == again.counts["deleted at the source"] == 5
    assert rows_of(queue_file) == 0


async def test_why_rows_cannot_be_deleted_is_told_and_all_stay(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    await leave(sqlite_gearmand, *(background(b"f", b"u%d" % n, b"x") for n in range(5)))
    with closing(sqlite3.connect(queue_file)) as connection, connection:
        # As a full disk does, it ends the transaction before anybody can.
        connection.execute(
            "CREATE TRIGGER keep BEFORE DELETE ON gearman_queue WHEN OLD.unique_key = 'u3'"
            " BEGIN SELECT RAISE(ROLLBACK, 'there is no room'); END"
        )
    imported = await run_import("--from", str(queue_file), "--data-dir", str(data_dir), "--delete-imported")
    assert imported.status == 1
    assert "there is no room" in imported.complaints[0]
    assert rows_of(queue_file) == 5


async def test_rows_that_are_not_understood_are_refused_by_name_and_stay(
    sqlite_gearmand: QueueingGearmand, queue_file: Path, data_dir: Path
) -> None:
    await leave(sqlite_gearmand, background(b"f", b"good", b"x"))
    with closing(sqlite3.connect(queue_file)) as connection, connection:
        connection.executemany(
            "INSERT INTO gearman_queue VALUES (?, 'f', ?, ?, ?)",
            [("a", 9, b"", 0), ("b", 1, b"", -1), ("c" * 65, 1, b"", 0), ("d", 1, 5, 0), (None, 1, b"", 0)],
        )
    imported = await run_import("--from", str(queue_file), "--data-dir", str(data_dir), "--delete-imported")
    assert imported.status == 2
    assert imported.counts["refused"] == 5
    assert imported.counts["deleted at the source"] == 1
    reasons = ("its priority is 9", "its when_to_run is -1", "its unique has 65 bytes", "its data is", "no text")
    for row, (line, reason) in enumerate(zip(imported.complaints, reasons, strict=True), 2):
        assert line.startswith(f"trio-gearman: row {row} was not imported: ")
        assert reason in line
    assert rows_of(queue_file) == 5


def owners_of(directory: Path) -> set[int]:
    """The users to whom a directory and all that is in it belong."""
    return {path.stat().st_uid for path in (directory, *directory.rglob("*"))}


async def test_started_by_root_it_leaves_a_store_that_belongs_to_the_brokers_user(
    sqlite_gearmand: QueueingGearmand, queue_file: Path
) -> None:
    if os.geteuid() != 0:
        missing("only root may become another user; run this test as root")
    await leave(sqlite_gearmand, background(b"f", b"u", b"x"))
    with TemporaryDirectory(prefix="tg-") as folder:  # pytest's folders are for root's eyes alone
        await trio.Path(folder).chmod(0o755)
        data_dir = Path(folder, "data")
        imported = await run_import("--from", str(queue_file), "--data-dir", str(data_dir), "--user", "nobody")
        assert (imported.status, imported.complaints) == (0, ())
        assert owners_of(data_dir) == {pwd.getpwnam("nobody").pw_uid}


async def test_ten_thousand_jobs_keep_their_order(queue_file: Path, data_dir: Path) -> None:
    with closing(sqlite3.connect(queue_file)) as connection, connection:
        connection.execute(TABLE)
        rows = ((f"u{number}", "f", 1, b"%d" % number, 0) for number in range(10_000))
        connection.executemany("INSERT INTO gearman_queue VALUES (?, ?, ?, ?, ?)", rows)
    imported = await run_import("--from", str(queue_file), "--data-dir", str(data_dir))
    assert (imported.status, imported.counts["imported"]) == (0, 10_000)
    with BrokerProcess(data_dir) as broker:
        assert [job.payload for job in await drain(broker, b"f", most=300)] == [b"%d" % n for n in range(300)]


MOST_MEMORY = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
"""Runs a command from a small process: to the kernel, a program has used as much as whoever started it had."""


async def test_a_queue_is_never_held_in_memory_as_a_whole(queue_file: Path, redis_server: RedisServer) -> None:
    megabytes = 200
    with closing(sqlite3.connect(queue_file)) as connection, connection:
        connection.execute(TABLE)
        rows = ((f"u{number}", "f", 1, bytes(2**20), 0) for number in range(megabytes))
        connection.executemany("INSERT INTO gearman_queue VALUES (?, ?, ?, ?, ?)", rows)
    command = import_command("--from", str(queue_file), "--redis", redis_server.unix_url)
    kilobytes = int((await run_program(sys.executable, "-c", MOST_MEMORY, *command)).splitlines()[-1])
    assert kilobytes < (megabytes - 20) * 1024  # Python and all

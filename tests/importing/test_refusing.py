"""What cannot be imported is refused in one line that says what to do, and changes nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import trio

from tests.importing.conftest import MakeGearmand
from tests.importing.gearmands import background, redis_flags, sqlite_flags, submit_all
from tests.importing.importer import run_import
from tests.ports import private_port
from tests.servers import RedisServer


async def refusal(*words: str) -> str:
    """The one line that an import ends with."""
    ended = await run_import(*words)
    assert ended.status == 1
    (line,) = ended.complaints
    assert line.startswith("trio-gearman: ")
    return line.removeprefix("trio-gearman: ")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "import: --from is missing: give the path of gearmand's --libsqlite3-db, or redis://HOST:PORT"),
        (["--from", "mysql://x"], "import: --from takes a path, or a URL that begins with redis://"),
        (["--from", "q.db", "--function", "f"], "import: --function is for a queue in Redis"),
        (["--from", "q.db", "--dry-run", "--delete-imported"], "import: --dry-run changes nothing"),
        (["--from"], "import: argument --from: expected one argument"),
        (["--from", "q.db", "--dry-rnu"], "--dry-rnu: there is no such flag"),
        (["--from", "q.db", "--redis", "http://x"], "--redis: give a URL such as redis://"),
        (["--from", "/nowhere/q.db"], "there is no file /nowhere/q.db: give --from the path that gearmand had"),
        (["--from", "/"], "/ is no file: give --from the path that gearmand had"),
        (["--from", "redis://h/x/y"], "--from: the Redis URL may end in nothing but the number of a database"),
    ],
)
async def test_a_wrong_command_line(words: list[str], line: str) -> None:
    assert (await refusal(*words)).startswith(line)


async def test_its_help_names_every_flag_and_the_exit_statuses() -> None:
    ended = await run_import("--help")
    assert ended.status == 0
    for flag in ("--from ", "--from-prefix", "--from-table", "--function", "--batch", "--dry-run", "--delete-imported"):
        assert flag in ended.said
    assert "Exit status: 0 when all is here, 2 when some jobs were refused" in ended.said


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("call mother " * 100)
    assert "file is not a database; is it the file of gearmand's --libsqlite3-db?" in await refusal("--from", str(path))


async def test_a_table_with_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE gearman_queue (unique_key TEXT, function_name TEXT, data BLOB)")
    line = await refusal("--from", str(path))
    assert "has the columns unique_key, function_name, data, and gearmand 1.1.20's has unique_key, fun" in line


async def test_a_source_that_is_not_there() -> None:
    port = private_port()
    assert f"cannot read the queue in Redis at 127.0.0.1:{port}: " in await refusal(
        "--from", f"redis://127.0.0.1:{port}"
    )


async def test_a_target_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE gearman_queue (unique_key, function_name, priority, data, when_to_run)")
    ended = await run_import("--from", str(path), "--redis", f"redis://127.0.0.1:{private_port()}")
    assert ended.status == 1
    assert "cannot connect to Redis at 127.0.0.1" in ended.complaints[-1]


async def test_a_queue_in_a_file_that_gearmand_still_works_on(
    make_gearmand: MakeGearmand, queue_file: Path, data_dir: Path
) -> None:
    words = ("--from", str(queue_file), "--data-dir", str(data_dir))
    with make_gearmand(*sqlite_flags(queue_file)) as gearmand:
        await submit_all(gearmand, [background(b"f", b"u", b"x")])
        line = await refusal(*words)
        assert line.startswith(f"stop process {gearmand.pid} (gearmand) first: ")
        assert not await trio.Path(data_dir).exists()
        assert (await run_import(*words, "--even-if-served")).counts["imported"] == 1


async def test_a_queue_in_redis_that_gearmand_still_works_on(
    make_gearmand: MakeGearmand, source: RedisServer, data_dir: Path
) -> None:
    words = ("--from", source.url, "--data-dir", str(data_dir))
    with make_gearmand(*redis_flags(source)) as gearmand:
        await submit_all(gearmand, [background(b"f", b"u", b"x")])
        assert (await refusal(*words)).startswith(f"stop process {gearmand.pid} (gearmand) first: ")
        assert not await trio.Path(data_dir).exists()
        forced = await run_import(*words, "--even-if-served")
        assert forced.counts["imported"] == 1
        assert "look like a gearmand's: make sure that it is stopped" in forced.said

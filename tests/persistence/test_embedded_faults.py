"""What is wrong with a data directory, said in one line: never a traceback, never a guess."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trio

from persistence.data_directory import LONGEST_SOCKET_PATH
from persistence.embedded import open_embedded_store
from persistence.errors import EmbeddedStoreError
from tests.persistence.embedded_homes import broker_on, broker_program, kill_store, lives, looker, store_home
from tests.persistence.log_ear import hearing

AOF = Path("appendonlydir")


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    async with store_home() as path:
        yield path


async def refusal(directory: Path, silent_seconds: float = 10.0) -> str:
    """What is said about a directory in which the store cannot be started."""
    with pytest.raises(EmbeddedStoreError) as caught:
        async with open_embedded_store(directory, silent_seconds=silent_seconds):
            pytest.fail("it started")
    said = str(caught.value)
    assert "\n" not in said
    assert str(directory) in said
    return said


async def test_a_file_in_place_of_the_directory(home: Path) -> None:
    (home / "file").write_text("")
    assert "it is, or is below, a file" in await refusal(home / "file")
    assert "it is, or is below, a file" in await refusal(home / "file" / "below")


@pytest.mark.skipif(sys.platform != "linux", reason="/sys is Linux's: a place where not even root makes directories")
async def test_a_directory_that_cannot_be_made() -> None:
    assert "cannot use the data directory /sys/store: " in await refusal(Path("/sys/store"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; the read-only disk is tested instead")
async def test_a_directory_that_cannot_be_written(home: Path) -> None:
    (home / "theirs").mkdir(mode=0o500)
    assert "Permission denied" in await refusal(home / "theirs")


async def test_a_path_too_long_for_a_unix_socket(home: Path) -> None:
    room = LONGEST_SOCKET_PATH - len(str(home / "x" / "store.sock")) + 1
    said = await refusal(home / ("x" * (room + 1)))
    assert f"has {LONGEST_SOCKET_PATH + 1} bytes, and a unix socket allows {LONGEST_SOCKET_PATH}" in said
    assert "choose a shorter data directory" in said
    async with open_embedded_store(home / ("x" * room)):
        assert looker(home / ("x" * room)).ping()


def newer_base(aof: Path) -> None:
    overwrite(aof / "appendonly.aof.1.base.rdb", b"VALKEY999")


def foreign_base(aof: Path) -> None:
    overwrite(aof / "appendonly.aof.1.base.rdb", b"REDIS0099")


def unknown_command(aof: Path) -> None:
    overwrite(aof / "appendonly.aof.1.incr.aof", b"*1\r\n$7\r\nNOSUCHC\r\n")


def broken_in_the_middle(aof: Path) -> None:
    overwrite(aof / "appendonly.aof.1.incr.aof", b"garbage")


def broken_manifest(aof: Path) -> None:
    (aof / "appendonly.aof.manifest").write_text("file x\n")


def missing_file(aof: Path) -> None:
    (aof / "appendonly.aof.1.incr.aof").unlink()


def overwrite(path: Path, start: bytes) -> None:
    path.write_bytes(start + path.read_bytes()[len(start) :])


DAMAGE: dict[Callable[[Path], None], str] = {  # what was done                   the server's own words
    newer_base: "Can't handle RDB format version 999",
    foreign_base: "Can't handle RDB format version 99",
    unknown_command: "unknown command 'NOSUCHC'",
    broken_in_the_middle: "Bad file format reading the append only file",
    broken_manifest: "Invalid AOF manifest file format",
    missing_file: "appendonly.aof.1.incr.aof",
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_data_that_the_server_cannot_read(home: Path, damage: Callable[[Path], None]) -> None:
    async with open_embedded_store(home):
        looker(home).set("k", "v" * 100)
    damage(home / AOF)
    said = await refusal(home)
    assert "has ended: " in said
    assert DAMAGE[damage] in said
    assert not lives(home)


async def test_a_broker_that_cannot_start_ends_with_one_line_and_a_status(home: Path) -> None:
    async with open_embedded_store(home):
        pass
    newer_base(home / AOF)
    async with broker_program(home) as program:
        assert await program.wait() == 1
        assert len(program.lines) == 1
        assert program.lines[0].startswith("cannot start: ")


async def test_a_torn_last_command_is_dropped_and_the_rest_is_there(home: Path) -> None:
    async with open_embedded_store(home):
        for number in range(10):
            looker(home).rpush("list", number)
    file = home / AOF / "appendonly.aof.1.incr.aof"
    os.truncate(file, file.stat().st_size - 5)
    async with open_embedded_store(home):
        assert looker(home).llen("list") == 9


async def test_what_a_killed_store_leaves_lying_about_does_not_matter(home: Path) -> None:
    async with open_embedded_store(home):
        looker(home).set("k", "v")
        await kill_store(home)
        assert (home / "store.sock").exists()
        (home / "store.pid").write_text(str(os.getpid()))
    async with open_embedded_store(home):
        assert looker(home).get("k") == b"v"


async def test_a_file_in_place_of_the_socket_is_replaced_and_a_directory_is_an_error(home: Path) -> None:
    (home / "store.sock").write_text("")
    async with open_embedded_store(home):
        assert looker(home).ping()
    (home / "store.sock").mkdir()
    assert "Unix socket" in await refusal(home)


async def test_a_store_that_gives_no_answer_is_not_waited_for_without_end(home: Path) -> None:
    async with broker_on(home) as broker:
        os.kill(broker.store_pid, signal.SIGSTOP)
        try:
            assert "gives no answer for 0.2 s" in await refusal(home, 0.2)
        finally:
            os.kill(broker.store_pid, signal.SIGCONT)
        async with open_embedded_store(home) as store:
            assert store.pid == broker.store_pid


def write_long_file(home: Path, commands: int) -> None:
    """A store's data that takes long to load: so many increments of one counter."""
    (home / AOF).mkdir()
    (home / AOF / "appendonly.aof.manifest").write_text("file appendonly.aof.1.incr.aof seq 1 type i\n")
    (home / AOF / "appendonly.aof.1.incr.aof").write_bytes(b"*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n" * commands)


async def test_a_long_load_is_waited_for_however_long_it_takes(home: Path) -> None:
    write_long_file(home, 4_000_000)
    with hearing("persistence.valkey_server") as ear:
        async with open_embedded_store(home, silent_seconds=1.0):
            assert looker(home).get("k") == b"4000000"
        assert len([line for line in ear.lines() if "is loading its data" in line]) == 1


async def test_a_load_that_is_not_waited_for_any_more_leaves_no_server(home: Path) -> None:
    write_long_file(home, 4_000_000)
    with hearing("persistence.valkey_server") as ear, trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:

            async def give_up() -> None:
                await ear.line("is loading its data")
                scope.cancel()

            nursery.start_soon(give_up)
            async with open_embedded_store(home):
                pytest.fail("it was to be cancelled while it loads")
    assert not lives(home)

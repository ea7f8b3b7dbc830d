"""The embedded store as one broker sees it: from start to stop."""

import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import redis
import trio

from persistence.embedded import EmbeddedStore, default_data_dir, open_embedded_store
from persistence.errors import EmbeddedStoreError
from persistence.filelock import FileLock
from persistence.valkey_binary import find_valkey_server
from persistence.valkey_launch import launch
from tests.persistence.cancel_at_step import CancelAtStep
from tests.persistence.embedded_homes import gone, lives, looker, store_home

IN_FORCE = {
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "save": "",
    "port": "0",
    "aof-load-truncated": "yes",
    "no-appendfsync-on-rewrite": "no",
}


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    async with store_home() as path:
        yield path


async def test_a_store_serves_inside_the_block_and_is_gone_after_it(home: Path) -> None:
    async with open_embedded_store(home) as store:
        assert redis.Redis(unix_socket_path=str(store.socket_path)).ping()
        assert looker(home).info("server")["process_id"] == store.pid
    assert not lives(home)
    assert not store.socket_path.exists()


async def test_data_is_there_after_a_clean_stop(home: Path) -> None:
    async with open_embedded_store(home):
        looker(home).set("k", b"a\0b")
    async with open_embedded_store(home):
        assert looker(home).get("k") == b"a\0b"


async def test_what_is_answered_is_on_the_disk_and_nothing_is_on_the_network(home: Path) -> None:
    async with open_embedded_store(home):
        config = looker(home).config_get(*IN_FORCE)
    assert config == IN_FORCE


async def test_only_its_owner_can_read_and_reach_it(home: Path) -> None:
    directory = home / "made"
    async with open_embedded_store(directory) as store:
        looker(directory).set("k", "v")
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(store.socket_path.stat().st_mode) == 0o700
        files = [path for path in directory.rglob("*") if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {0}


@pytest.mark.parametrize("name", ["a b", 'quo"te', "it's", "50%", "ümläut", "back\\slash", "q?x=1#y", "$HOME"])
async def test_a_directory_may_have_any_name(home: Path, name: str) -> None:
    async with open_embedded_store(home / name) as store:
        redis.Redis(unix_socket_path=str(store.socket_path)).set("k", name)
    async with open_embedded_store(home / name):
        value = looker(home / name).get("k")
        assert value == name.encode()


async def test_a_relative_directory_is_the_one_it_was_at_the_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    async with open_embedded_store(Path("here")) as store:
        monkeypatch.chdir("/")
        assert store.data_dir == home / "here"
        assert redis.Redis(unix_socket_path=str(store.socket_path)).ping()


async def test_an_exception_from_the_block_comes_out_as_it_is_and_the_store_is_stopped(home: Path) -> None:
    with pytest.raises(KeyError, match="mine"):
        async with open_embedded_store(home):
            raise KeyError("mine")
    assert not lives(home)


async def test_a_cancelled_block_stops_the_store(home: Path) -> None:
    with trio.CancelScope() as scope:
        async with open_embedded_store(home):
            scope.cancel()
            await trio.sleep_forever()
    assert not lives(home)


async def start_cancelled_at(home: Path, step: int) -> bool:
    """Whether the store came up before the start was cancelled at this step."""
    came_up = False
    with trio.CancelScope() as scope:
        instrument = CancelAtStep(scope, step)
        trio.lowlevel.add_instrument(instrument)
        try:
            async with open_embedded_store(home):
                came_up = True
        finally:
            trio.lowlevel.remove_instrument(instrument)
    return came_up


async def test_a_start_cancelled_at_any_step_leaves_no_server(home: Path) -> None:
    step, came_up = 1, False
    while not came_up:
        came_up = await start_cancelled_at(home, step)
        assert not lives(home), f"cancelled at step {step}"
        step += 1
    assert step > 10, "a start has that many steps at least: was it cancelled at each?"


async def left_cancelled_at(home: Path, step: int) -> bool:
    """Whether the store was left before that was cancelled at this step."""
    with trio.CancelScope() as scope:
        instrument = CancelAtStep(scope, step)
        try:
            async with open_embedded_store(home):
                trio.lowlevel.add_instrument(instrument)
        finally:
            trio.lowlevel.remove_instrument(instrument)
    return not scope.cancel_called


async def test_leaving_cancelled_at_any_step_stops_the_server_and_lets_go_of_the_locks(home: Path) -> None:
    step, left = 1, False
    while not left:
        left = await left_cancelled_at(home, step)
        assert not lives(home), f"cancelled at step {step}"
        for name in ("store.deciding", "store.users", "store.alive"):
            with FileLock(home / name) as lock:
                assert lock.try_exclusive(), f"{name}, cancelled at step {step}"
        step += 1
    assert step > 3, "leaving has that many steps at least: was it cancelled at each?"


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_the_server_is_nobodys_child_and_has_no_file_of_ours_but_its_own_lock(home: Path) -> None:
    async with open_embedded_store(home) as store:
        process = Path("/proc") / str(store.pid)
        status = (process / "status").read_text()
        assert f"PPid:\t{os.getpid()}\n" not in status
        assert os.getsid(store.pid) != os.getsid(0)
        files = {str(path.readlink()) for path in (process / "fd").iterdir()}
        ours = {name for name in files if name.startswith("/") and not name.startswith("/dev/null")}
        assert ours == {str(home / "store.alive"), str(home / "appendonlydir" / "appendonly.aof.1.incr.aof")}
        assert not [name for name in files if name.startswith("pipe:") and name in our_pipes()]


def our_pipes() -> set[str]:
    """The pipes that this process has open."""
    names = set()
    for path in Path("/proc/self/fd").iterdir():
        if path.is_symlink():
            names.add(str(path.readlink()))
    return {name for name in names if name.startswith("pipe:")}


async def test_a_log_that_has_grown_too_long_is_put_aside_at_a_start(home: Path) -> None:
    with (home / "store.log").open("wb") as file:
        file.truncate(5_000_000)
    async with open_embedded_store(home):
        assert (home / "store.old").stat().st_size == 5_000_000
        assert (home / "store.log").stat().st_size < 5_000


async def test_a_directory_removed_under_a_running_store_does_not_leave_the_server_behind(home: Path) -> None:
    directory = home / "removed"
    async with open_embedded_store(directory) as store:
        kept = directory.rename(home / "kept")
        assert store.pid
    await gone(kept)


@pytest.mark.parametrize("put", [Path.mkdir, Path.touch])
async def test_a_directory_replaced_under_a_running_store_does_not_leave_the_server_behind(
    home: Path, put: Callable[[Path], None]
) -> None:
    directory = home / "replaced"
    async with open_embedded_store(directory) as store:
        kept = directory.rename(home / "kept")
        put(directory)
        assert store.pid
    await gone(kept)


MACHINES = {  # system, machine                     what is said
    ("Windows", "AMD64"): "no embedded store for Windows on AMD64",
    ("Linux", "riscv64"): "no embedded store for Linux on riscv64",
    ("Darwin", "arm64"): "incomplete: no program .*darwin-arm64/valkey-server",
}


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac has what the last row misses")
@pytest.mark.parametrize(("system", "machine"), MACHINES)
def test_a_machine_without_a_server_is_told_so(system: str, machine: str) -> None:
    with pytest.raises(EmbeddedStoreError, match=MACHINES[system, machine]):
        find_valkey_server(system, machine)


async def test_a_server_that_cannot_be_run_or_does_not_like_its_options_says_so_in_one_line(home: Path) -> None:
    with pytest.raises(EmbeddedStoreError, match=r"^cannot run /nowhere: No such file or directory$"):
        await launch(["/nowhere"], 0)
    binary = str(find_valkey_server(os.uname().sysname, os.uname().machine))
    with pytest.raises(EmbeddedStoreError, match=r"status 1: .*no-such-option") as caught:
        await launch([binary, "--no-such-option", "yes"], 0)
    assert "\n" not in str(caught.value)


def test_the_default_directory_is_where_the_platform_keeps_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert default_data_dir().is_absolute()
    assert default_data_dir().name == "trio-gearman"


def test_the_default_directory_is_the_first_that_systemd_made_for_the_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/jobs:/var/lib/others")
    assert default_data_dir() == Path("/var/lib/jobs")


async def test_watching_can_be_cancelled_at_any_time(home: Path) -> None:
    async with open_embedded_store(home) as store:
        assert isinstance(store, EmbeddedStore)
        with trio.move_on_after(0) as scope:
            await store.watch()
        assert scope.cancelled_caught
        assert looker(home).ping()

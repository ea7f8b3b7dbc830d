"""The embedded store itself is killed: whoever uses it sees that it comes back, with all that was accepted."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis
import trio

from persistence.embedded import EmbeddedStore, open_embedded_store
from tests.persistence.cancel_at_step import CancelAtStep
from tests.persistence.embedded_homes import broker_on, kill_store, lives, looker, store_home
from tests.persistence.log_ear import LogEar, hearing

VALUES = 300


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    async with store_home() as path:
        yield path


@pytest.fixture
def ear() -> Iterator[LogEar]:
    with hearing("persistence.embedded") as heard:
        yield heard


@asynccontextmanager
async def watched(home: Path) -> AsyncIterator[EmbeddedStore]:
    """A store with its duty running."""
    async with open_embedded_store(home) as store, trio.open_nursery() as nursery:
        nursery.start_soon(store.watch)
        yield store
        nursery.cancel_scope.cancel()


def write_until_killed(home: Path, pid: int) -> int:
    """Writes values one by one, kills the store after some, and returns how many were answered."""
    client = looker(home)
    answered = 0
    try:
        while True:
            client.rpush("values", answered)
            answered += 1
            if answered == VALUES:
                os.kill(pid, signal.SIGKILL)
    except redis.ConnectionError:
        return answered


async def test_after_kill_9_of_the_store_it_is_back_with_all_that_was_accepted(home: Path, ear: LogEar) -> None:
    async with watched(home) as store:
        killed = store.pid
        answered = await trio.to_thread.run_sync(write_until_killed, home, killed)
        await ear.line("serves again")
        assert store.pid != killed
        values = looker(home).lrange("values", 0, -1)
    assert len(values) in (answered, answered + 1), "the write in flight may be stored or not"
    assert values[:answered] == [str(number).encode() for number in range(answered)]


async def test_it_comes_back_after_every_kill(home: Path, ear: LogEar) -> None:
    async with watched(home) as store:
        for number in range(3):
            looker(home).rpush("kills", number)
            os.kill(store.pid, signal.SIGKILL)
            await ear.line("serves again")
        assert looker(home).lrange("kills", 0, -1) == [b"0", b"1", b"2"]


async def test_a_store_that_another_broker_started_is_watched_too(home: Path, ear: LogEar) -> None:
    async with broker_on(home) as starter:
        async with watched(home) as store:
            await starter.kill9()
            os.kill(store.pid, signal.SIGKILL)
            await ear.line("serves again")
            assert looker(home).info("server")["process_id"] == store.pid
        assert not lives(home)


async def test_all_who_watch_agree_on_one_new_store(home: Path, ear: LogEar) -> None:
    async with broker_on(home) as first, broker_on(home) as second, watched(home) as store:
        os.kill(store.pid, signal.SIGKILL)
        heard = [await broker.program.wait_line("serves again") for broker in (first, second)]
        heard.append(await ear.line("serves again"))
        assert {line.rsplit(" ", 1)[1] for line in heard} == {str(store.pid)}
        assert (home / "store.log").read_text().count("Valkey is starting") == 2


async def test_a_store_killed_while_it_rewrites_its_file_comes_back(home: Path, ear: LogEar) -> None:
    """The process that rewrites has the connections and the lock of the one that was killed, and ends soon."""
    async with watched(home) as store:
        client = looker(home)
        client.eval("for i = 1, 200000 do redis.call('SET', 'k' .. i, i) end", 0)
        client.bgrewriteaof()
        os.kill(store.pid, signal.SIGKILL)
        await ear.line("serves again")
        assert looker(home).dbsize() == 200000


async def test_a_crash_is_told_in_the_words_of_the_server(home: Path, ear: LogEar) -> None:
    async with watched(home) as store:
        os.kill(store.pid, signal.SIGSEGV)
        assert "crashed by signal: 11" in await ear.line("serves again")


async def test_a_stop_from_outside_is_undone(home: Path, ear: LogEar) -> None:
    async with watched(home):
        looker(home).shutdown()
        assert "bye bye" in await ear.line("serves again")
        assert looker(home).ping()


async def test_a_cut_connection_is_not_taken_for_the_end(home: Path, ear: LogEar) -> None:
    async with watched(home) as store:
        pid = store.pid
        client = looker(home)
        victims = [line["id"] for line in client.client_list() if line["id"] != str(client.client_id())]
        assert len(victims) == 1
        client.client_kill_filter(_id=victims[0])
        await ear.line("only a connection")
        assert store.pid == pid
        os.kill(pid, signal.SIGKILL)
        assert "serves again" in await ear.line("has ended")


async def test_a_store_that_cannot_start_again_is_tried_until_it_can(home: Path, ear: LogEar) -> None:
    async with watched(home) as store:
        looker(home).set("k", "v")
        manifest = home / "appendonlydir" / "appendonly.aof.manifest"
        saved = manifest.read_bytes()
        manifest.write_text("nonsense\n")
        os.kill(store.pid, signal.SIGKILL)
        assert "Invalid AOF manifest file format" in await ear.line("cannot be started again yet")
        manifest.write_bytes(saved)
        await ear.line("serves again")
        assert looker(home).get("k") == b"v"
        assert not [line for line in ear.lines() if "cannot be started" in line], "said once"


async def test_without_a_watch_the_end_of_the_block_copes_with_a_dead_store(home: Path, ear: LogEar) -> None:
    async with open_embedded_store(home):
        await kill_store(home)
    assert not [line for line in ear.lines() if "may still run" in line]
    async with open_embedded_store(home):
        assert looker(home).ping()


async def watch_cancelled_at(home: Path, step: int, ear: LogEar) -> bool:
    """Kills the store and cancels the watch at a step, or when it is done; whether the store was back by then."""
    async with open_embedded_store(home) as store, trio.open_nursery() as nursery:
        killed = store.pid
        os.kill(killed, signal.SIGKILL)
        with trio.CancelScope() as scope:
            nursery.start_soon(cancel_when_back, scope, ear)
            instrument = CancelAtStep(scope, step)
            trio.lowlevel.add_instrument(instrument)
            try:
                await store.watch()
            finally:
                trio.lowlevel.remove_instrument(instrument)
        nursery.cancel_scope.cancel()
        return store.pid != killed


async def cancel_when_back(scope: trio.CancelScope, ear: LogEar) -> None:
    """How many steps it takes depends on how long the server does: a watch that has taken fewer takes no other."""
    await ear.line("serves again")
    scope.cancel()


async def test_a_watch_cancelled_at_any_step_leaves_no_server_behind_the_block(home: Path, ear: LogEar) -> None:
    step, back = 1, False
    while not back:
        back = await watch_cancelled_at(home, step, ear)
        assert not lives(home), f"cancelled at step {step}"
        step += 1
    assert step > 10, "to start it again takes that many steps at least: was it cancelled at each?"

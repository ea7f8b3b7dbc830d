"""Several brokers, one data directory: who starts the store, who stops it, and what a kill -9 changes."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import trio

from persistence.embedded import open_embedded_store
from persistence.errors import EmbeddedStoreError
from persistence.filelock import FileLock
from tests.persistence.embedded_homes import (
    Broker,
    broker_on,
    broker_program,
    gone,
    joined,
    lives,
    looker,
    store_home,
)

AT_ONCE = 6
STRIDE = 4
"""Start and stop have some 40 steps: each of so many tests takes every fourth."""


@pytest.fixture
async def home() -> AsyncIterator[Path]:
    async with store_home() as path:
        yield path


async def test_the_store_outlives_a_kill_9_of_its_broker_and_the_next_one_finds_it(home: Path) -> None:
    async with broker_on(home) as broker:
        looker(home).set("k", "v")
        await broker.kill9()
    assert lives(home)
    async with open_embedded_store(home) as store:
        assert store.pid == broker.store_pid
        assert looker(home).get("k") == b"v"
    assert not lives(home)


async def test_ctrl_c_at_the_terminal_of_the_broker_stops_the_store_cleanly(home: Path) -> None:
    async with broker_on(home) as broker:
        os.killpg(broker.pid, signal.SIGINT)
        await broker.program.wait()
        await gone(home)
    assert "User requested shutdown" in (home / "store.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGQUIT])
async def test_what_hits_the_whole_process_group_of_the_broker_leaves_the_store_alone(
    home: Path, number: signal.Signals
) -> None:
    async with broker_on(home) as broker:
        os.killpg(broker.pid, number)
        assert await broker.program.wait() == -number
        assert looker(home).info("server")["process_id"] == broker.store_pid


async def test_the_last_to_leave_stops_the_store_whoever_started_it(home: Path) -> None:
    async with broker_on(home) as first, broker_on(home) as second, broker_on(home) as third:
        assert first.store_pid == second.store_pid == third.store_pid
        await first.leave()
        assert looker(home).info("server")["process_id"] == first.store_pid
        await third.leave()
        assert looker(home).info("server")["process_id"] == first.store_pid
        await second.leave()
        assert not lives(home)


async def test_a_broker_that_was_killed_does_not_count_as_a_user(home: Path) -> None:
    async with broker_on(home) as first, broker_on(home) as second:
        await first.kill9()
        await second.leave()
        assert not lives(home)


async def test_brokers_of_one_process_share_it_too(home: Path) -> None:
    async with open_embedded_store(home) as outer:
        async with open_embedded_store(home) as inner:
            assert inner.pid == outer.pid
        assert looker(home).info("server")["process_id"] == outer.pid
    assert not lives(home)


async def test_many_that_start_at_once_get_one_store(home: Path) -> None:
    brokers: list[Broker] = []

    async def start(*, task_status: trio.TaskStatus[None]) -> None:
        async with broker_program(home) as program:
            task_status.started()
            broker = await joined(program)
            brokers.append(broker)
            if len(brokers) == AT_ONCE:
                all_here.set()
            await leave.wait()
            await broker.leave()

    all_here, leave = trio.Event(), trio.Event()
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            await nursery.start(start)
        await all_here.wait()
        assert len({broker.store_pid for broker in brokers}) == 1
        assert (home / "store.log").read_text().count("Valkey is starting") == 1
        leave.set()
    assert not lives(home)


async def test_many_that_leave_and_come_at_once_never_meet_a_dying_store(home: Path) -> None:
    async def come_and_go() -> None:
        for _ in range(5):
            async with open_embedded_store(home) as store:
                client = looker(home)
                assert client.info("server")["process_id"] == store.pid
                client.incr("visits")

    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(come_and_go)
    async with open_embedded_store(home):
        assert looker(home).get("visits") == str(5 * AT_ONCE).encode()


@pytest.mark.parametrize("step", range(1, STRIDE + 1))
async def test_a_broker_killed_at_any_step_of_its_start_or_stop_hinders_nobody(home: Path, step: int) -> None:
    went_through = False
    while not went_through:
        async with broker_program(home, str(step)) as program:
            with suppress(trio.BrokenResourceError):  # it has come no further, and is dead already
                await program.say("leave, should you come that far")
            await program.wait()
        went_through = "left" in program.lines
        async with open_embedded_store(home):
            looker(home).incr("starts")
        assert not lives(home), f"killed at step {step}"
        step += STRIDE


async def test_a_stop_is_not_waited_for_without_end(home: Path) -> None:
    """Others may decide for a long time; who waits for them can be cancelled, and holds nothing then."""
    async with open_embedded_store(home) as store:
        with FileLock(home / "store.deciding") as deciding:
            assert deciding.try_exclusive()
            with trio.move_on_after(0.05) as scope:
                async with open_embedded_store(home):
                    pytest.fail("somebody else decides")
            assert scope.cancelled_caught
        async with open_embedded_store(home) as other:
            assert other.pid == store.pid


async def test_a_foreign_lock_on_the_users_is_an_error_in_one_line(home: Path) -> None:
    with FileLock(home / "store.users") as users:
        assert users.try_exclusive()
        with pytest.raises(EmbeddedStoreError, match=r"^another program has locked .*store\.users: end that, "):
            async with open_embedded_store(home):
                pytest.fail("it must not join")

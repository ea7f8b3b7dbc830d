"""Locks between processes, seen from one process with several open files."""

from pathlib import Path

import pytest
import trio
import trio.testing

from persistence.filelock import FileLock
from persistence.waiting import alone_with


def test_one_alone_or_many_together(tmp_path: Path) -> None:
    with FileLock(tmp_path / "f") as one, FileLock(tmp_path / "f") as two, FileLock(tmp_path / "f") as three:
        assert one.try_shared()
        assert two.try_shared()
        assert not three.try_exclusive()
        one.close()
        assert two.try_exclusive()
        assert not three.try_shared()


async def test_who_waits_gets_it_when_it_is_let_go(tmp_path: Path) -> None:
    order = []

    async def wait(*, task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        async with alone_with(tmp_path / "f"):
            order.append("waiter")

    async with trio.open_nursery() as nursery, alone_with(tmp_path / "f"):
        await nursery.start(wait)
        await trio.testing.wait_all_tasks_blocked()
        order.append("holder")
    assert order == ["holder", "waiter"]


async def test_a_cancelled_wait_holds_nothing(tmp_path: Path) -> None:
    with FileLock(tmp_path / "f") as holder:
        assert holder.try_exclusive()
        with trio.move_on_after(0.01) as scope:
            async with alone_with(tmp_path / "f"):
                pytest.fail("it is held")
        assert scope.cancelled_caught
    with FileLock(tmp_path / "f") as next_one:
        assert next_one.try_exclusive()


def test_a_file_that_cannot_be_opened_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FileLock(tmp_path / "missing" / "f")

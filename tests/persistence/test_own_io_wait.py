"""The wait for the kernel in trio's stead: what it costs, what it leaves, and what becomes of it when it fails."""

import select
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
import trio.testing

from persistence import trios_set
from persistence.io_wait import each_time_readable, notify_deadline, own_io_wait
from persistence.plain_stream import PlainStream
from tests.persistence.readers import PATIENCE_SECONDS, SOON_SECONDS, Ear, Looks, Pair, listening

MANY = 20


async def test_who_cannot_be_read_beside_a_set_is_told_and_nobody_else(make_pair: Callable[[], Pair]) -> None:
    (near, _), (other, to_other), (alone, to_alone) = make_pair(), make_pair(), make_pair()
    looks = Looks(Ear(near), Ear(other))
    async with own_io_wait(), trio.open_nursery() as outer:
        ear = listening(outer, Ear(alone))
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def listen() -> None:
                with pytest.raises(FileExistsError):
                    await each_time_readable(near.fileno(), lambda: True)

            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(looks.run)
            to_other.send(b"x")
            await looks.until(1)
            nursery.cancel_scope.cancel()
        to_alone.send(b"x")
        assert await ear.next() == b"x"
        outer.cancel_scope.cancel()


async def test_a_deadline_that_a_reader_sets_is_kept_whatever_trio_has_said_before(
    make_pair: Callable[[], Pair],
) -> None:
    near, far = make_pair()

    def read() -> bool:
        near.recv(1)
        soon.deadline = trio.current_time() + SOON_SECONDS
        notify_deadline()
        return True

    async with own_io_wait(), trio.open_nursery() as nursery:
        nursery.start_soon(each_time_readable, near.fileno(), read)
        far.send(b"x")
        with trio.fail_after(PATIENCE_SECONDS), trio.CancelScope() as soon:
            await trio.sleep_forever()
        nursery.cancel_scope.cancel()


async def test_others_are_read_between_two_looks_however_many_speak(make_pair: Callable[[], Pair]) -> None:
    (near, far), many = make_pair(), [make_pair() for _ in range(MANY)]
    looks = Looks(*(Ear(sock) for sock, _ in many))
    looks.after[MANY] = lambda: far.send(b"x")
    for _, party in many:
        party.send(b"x" * MANY)
    heard_at = 0

    def read() -> bool:
        nonlocal heard_at
        heard_at = len(looks.seen)
        return False

    async with own_io_wait(), trio.open_nursery() as nursery:
        nursery.start_soon(looks.run)
        with trio.fail_after(PATIENCE_SECONDS):
            await each_time_readable(near.fileno(), read)
        nursery.cancel_scope.cancel()
    assert MANY <= heard_at <= MANY + 1


async def test_a_stream_that_cannot_be_watched_is_broken(make_pair: Callable[[], Pair]) -> None:
    stream = PlainStream(make_pair()[0])
    async with own_io_wait(), trio.open_nursery() as nursery:
        nursery.start_soon(stream.listen, 1, bool)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BrokenResourceError, match="File exists"):
            await stream.listen(1, bool)
        nursery.cancel_scope.cancel()


async def test_when_the_wait_itself_fails_all_who_wait_are_told(make_pair: Callable[[], Pair]) -> None:
    near, _ = make_pair()
    told: list[str] = []

    async def wait(looks: Looks | None) -> None:
        try:
            await (each_time_readable(near.fileno(), lambda: True) if looks is None else looks.run())
        except ValueError as error:
            told.append(str(error))

    with trio.move_on_after(PATIENCE_SECONDS) as patience:
        async with own_io_wait(), trio.open_nursery() as nursery:
            looks = Looks()
            nursery.start_soon(wait, None)
            nursery.start_soon(wait, looks)
            await trio.testing.wait_all_tasks_blocked()
            looks.set.close()
    assert not patience.cancel_called, "trio did not learn by itself that they can run"
    assert len(told) == 2
    assert set(told) == {"I/O operation on closed epoll object"}


async def test_blocks_may_overlap(make_pair: Callable[[], Pair]) -> None:
    near, far = make_pair()
    first, second = own_io_wait(), own_io_wait()
    await first.__aenter__()
    await second.__aenter__()
    await first.__aexit__(None, None, None)
    async with trio.open_nursery() as nursery:
        ear = listening(nursery, Ear(near))
        far.send(b"x")
        assert await ear.next() == b"x"
        nursery.cancel_scope.cancel()
    await second.__aexit__(None, None, None)


async def test_blocks_may_begin_together(make_pair: Callable[[], Pair]) -> None:
    near, far = make_pair()
    blocks = own_io_wait(), own_io_wait()
    async with trio.open_nursery() as nursery:
        for block in blocks:
            nursery.start_soon(block.__aenter__)
    async with trio.open_nursery() as nursery:
        ear = listening(nursery, Ear(near))
        await trio.testing.wait_all_tasks_blocked()
        far.send(b"x")
        assert await ear.next() == b"x"
        nursery.cancel_scope.cancel()
    for block in blocks:
        await block.__aexit__(None, None, None)


def descriptors() -> set[Path]:
    """Those that are open here."""
    return set(Path("/proc/self/fd").iterdir())


async def test_after_the_last_block_trio_waits_by_itself_and_nothing_is_left(make_pair: Callable[[], Pair]) -> None:
    near, far = make_pair()
    before = descriptors()
    async with own_io_wait():
        pass
    assert descriptors() == before
    with trio.fail_after(PATIENCE_SECONDS):
        await trio.testing.wait_all_tasks_blocked(SOON_SECONDS)  # as nobody wakes it
        far.send(b"x")
        await each_time_readable(near.fileno(), lambda: not near.recv(1))


class Turns(trio.abc.Instrument):
    """Counts those of trio's scheduler."""

    count = 0

    def after_io_wait(self, timeout: float) -> None:
        """One more."""
        self.count += 1


async def test_what_is_read_takes_no_turns_of_the_scheduler(make_pair: Callable[[], Pair]) -> None:
    near, far = make_pair()
    left = 1000

    def read() -> bool:
        nonlocal left
        near.recv(1)
        far.send(b"x")
        left -= 1
        return left > 0

    turns = Turns()
    async with own_io_wait():
        trio.lowlevel.add_instrument(turns)
        await trio.lowlevel.checkpoint()
        far.send(b"x")
        with trio.fail_after(PATIENCE_SECONDS):
            await each_time_readable(near.fileno(), read)
        trio.lowlevel.remove_instrument(turns)
    assert turns.count < 10


async def test_a_set_that_remembers_the_number_of_a_closed_descriptor_is_not_trios(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with select.epoll() as other:
        near, far = socket.socketpair()
        number = near.fileno()
        other.register(number, select.EPOLLIN)
        with far, near.dup():  # as in a process that was forked: what is watched is there still
            near.close()
            monkeypatch.setattr(trios_set, "FDINFO", tmp_path)
            (tmp_path / str(other.fileno())).symlink_to(f"/proc/self/fdinfo/{other.fileno()}")
            assert await trios_set.set_of_trio() is None
            assert f"tfd: {number:8} " in (tmp_path / str(other.fileno())).read_text()


async def test_without_a_system_that_tells_which_set_is_trios_a_task_waits(
    make_pair: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert await trios_set.set_of_trio() is not None
    for there in (tmp_path, tmp_path / "none"):
        monkeypatch.setattr(trios_set, "FDINFO", there)
        assert await trios_set.set_of_trio() is None
    near, far = make_pair()
    async with own_io_wait(), trio.open_nursery() as nursery:
        ear = listening(nursery, Ear(near))
        far.send(b"x")
        assert await ear.next() == b"x"
        nursery.cancel_scope.cancel()

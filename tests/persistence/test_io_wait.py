"""Sockets that are read without a turn of the scheduler for each: they are, and trio misses nothing meanwhile.

Each test is run in trio's stead and in a task.
"""

import math
import os
import select
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import trio
import trio.testing

from persistence.io_wait import each_look, each_time_readable, own_io_wait
from persistence.plain_stream import PlainStream
from tests.persistence.readers import PATIENCE_SECONDS, SOON_SECONDS, Ear, Looks, Pair, listening


@pytest.fixture(params=["in trio's stead", "in a task"])
async def pairs(request: pytest.FixtureRequest, make_pair: Callable[[], Pair]) -> AsyncIterator[Callable[[], Pair]]:
    """As `make_pair`, and how it is waited meanwhile. To be an argument: `usefixtures` would not run it in trio."""
    async with own_io_wait() if request.param == "in trio's stead" else nullcontext():
        yield make_pair


async def wakes_by_itself(happening: Callable[[trio.Event], object]) -> None:
    """A task that waits for this is woken, though nothing else happens."""
    event = trio.Event()
    await trio.lowlevel.checkpoint()
    happening(event)
    with trio.fail_after(PATIENCE_SECONDS):
        await event.wait()


async def test_all_that_is_said_is_read_until_the_reader_has_enough(pairs: Callable[[], Pair]) -> None:
    near, far = pairs()
    ear = Ear(near)
    far.send(b"abcde")
    far.shutdown(socket.SHUT_WR)
    with trio.fail_after(PATIENCE_SECONDS):
        await each_time_readable(ear.number, ear.read)
    assert ear.heard == b"abcde"


async def test_what_the_reader_raises_comes_out_and_it_may_be_watched_again(pairs: Callable[[], Pair]) -> None:
    near, far = pairs()

    def fails() -> bool:
        raise ZeroDivisionError

    far.send(b"a")
    with trio.fail_after(PATIENCE_SECONDS):
        with pytest.raises(ZeroDivisionError):
            await each_time_readable(near.fileno(), fails)
        await each_time_readable(near.fileno(), lambda: not near.recv(1))


async def test_who_is_cancelled_reads_no_more_and_nothing_is_lost(pairs: Callable[[], Pair]) -> None:
    near, far = pairs()
    async with trio.open_nursery() as nursery:
        first = listening(nursery, Ear(near))
        far.send(b"a")
        assert await first.next() == b"a"
        nursery.cancel_scope.cancel()
    far.send(b"b")
    async with trio.open_nursery() as nursery:
        assert await listening(nursery, Ear(near)).next() == b"b"
        nursery.cancel_scope.cancel()
    assert first.heard == b"a"


async def test_who_listens_to_a_stream_is_told_that_it_is_closed(pairs: Callable[[], Pair]) -> None:
    stream = PlainStream(pairs()[0])
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def listen() -> None:
                with pytest.raises(trio.ClosedResourceError):
                    await stream.listen(1, bool)

            await trio.testing.wait_all_tasks_blocked()
            await stream.aclose()


async def test_a_descriptor_that_cannot_be_watched_is_told(pairs: Callable[[], Pair], tmp_path: Path) -> None:
    near, far = pairs()
    with (tmp_path / "file").open("w") as file, pytest.raises(OSError, match="not permitted"):
        await each_time_readable(file.fileno(), lambda: True)
    far.send(b"a")
    with trio.fail_after(PATIENCE_SECONDS):
        await each_time_readable(near.fileno(), lambda: not near.recv(1))


async def test_trios_deadlines_pass_while_nobody_speaks_and_while_somebody_does_not_stop(
    pairs: Callable[[], Pair],
) -> None:
    near, far = pairs()
    times = 0

    def leave_it_there() -> bool:
        nonlocal times
        times += 1
        return True

    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(each_time_readable, near.fileno(), leave_it_there)
            await trio.sleep(SOON_SECONDS)
            assert times == 0
            far.send(b"a")
            await trio.sleep(SOON_SECONDS)
            assert times > 0
            nursery.cancel_scope.cancel()


async def test_a_task_that_a_reader_wakes_goes_on_at_once(pairs: Callable[[], Pair]) -> None:
    (near, far), (other, _) = pairs(), pairs()
    async with trio.open_nursery() as nursery:
        listening(nursery, Ear(other))
        ear = listening(nursery, Ear(near))
        for word in (b"a", b"ab", b"abc"):
            far.send(word[-1:])
            assert await ear.next() == word
        nursery.cancel_scope.cancel()


async def test_what_trio_waits_for_comes_all_the_same(pairs: Callable[[], Pair]) -> None:
    (silent, _), (near, far) = pairs(), pairs()
    token = trio.lowlevel.current_trio_token()
    async with trio.open_nursery() as nursery:
        listening(nursery, Ear(silent))

        def in_a_thread(event: trio.Event) -> None:
            nursery.start_soon(trio.to_thread.run_sync, trio.from_thread.run_sync, event.set)

        def at_a_socket(event: trio.Event) -> None:
            async def wait() -> None:
                await trio.lowlevel.wait_readable(near)
                event.set()

            nursery.start_soon(wait)
            far.send(b"a")

        await wakes_by_itself(lambda event: token.run_sync_soon(event.set))
        await wakes_by_itself(in_a_thread)
        await wakes_by_itself(at_a_socket)
        with trio.open_signal_receiver(signal.SIGUSR1) as signals, trio.fail_after(PATIENCE_SECONDS):
            nursery.start_soon(trio.to_thread.run_sync, os.kill, os.getpid(), signal.SIGUSR1)
            async for _ in signals:
                break
        nursery.cancel_scope.cancel()


async def test_a_task_that_a_reader_ends_goes_on_though_what_it_waited_for_has_come(pairs: Callable[[], Pair]) -> None:
    (first, to_first), (near, far), (waited_for, to_waited_for) = pairs(), pairs(), pairs()
    scope = trio.CancelScope()

    def let_both_come() -> bool:
        first.recv(1)
        far.send(b"x")
        to_waited_for.send(b"x")
        return True

    def end_the_other() -> bool:
        near.recv(1)
        scope.cancel()
        return True

    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(each_time_readable, first.fileno(), let_both_come)
            nursery.start_soon(each_time_readable, near.fileno(), end_the_other)

            @nursery.start_soon
            async def begin() -> None:
                await trio.testing.wait_all_tasks_blocked()
                to_first.send(b"x")

            with scope:
                await trio.lowlevel.wait_readable(waited_for)
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("_", range(10))  # trio lets the two go on in any order
async def test_who_has_read_enough_takes_nothing_from_who_reads_next(pairs: Callable[[], Pair], _: int) -> None:
    near, far = pairs()
    enough = trio.Event()
    ear = Ear(near)

    def read_once() -> bool:
        near.recv(1)
        enough.set()
        return False

    async def read_next() -> None:
        await enough.wait()
        await each_time_readable(ear.number, ear.read)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_next)
        nursery.start_soon(each_time_readable, near.fileno(), read_once)
        await trio.testing.wait_all_tasks_blocked()
        far.send(b"a")
        await enough.wait()
        await trio.testing.wait_all_tasks_blocked()
        far.send(b"b")
        assert await ear.next() == b"b"
        nursery.cancel_scope.cancel()


async def test_a_look_hears_as_many_as_it_may_and_the_next_one_the_others(pairs: Callable[[], Pair]) -> None:
    (a, to_a), (b, to_b), (alone, to_alone) = pairs(), pairs(), pairs()
    looks = Looks(Ear(a), Ear(b))
    async with trio.open_nursery() as nursery:
        ear = listening(nursery, Ear(alone))
        for far in (to_a, to_b, to_alone):
            far.send(b"x")
        nursery.start_soon(looks.run)
        await looks.until(2)
        assert await ear.next() == b"x"
        nursery.cancel_scope.cancel()
    assert sorted(len(look) for look in looks.seen) == [1, 1]
    assert looks.seen[0] != looks.seen[1]


async def test_it_is_looked_again_after_the_seconds_that_a_look_says(pairs: Callable[[], Pair]) -> None:
    near, far = pairs()
    looks = Looks(Ear(near))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(looks.run)
        looks.again = SOON_SECONDS
        far.send(b"x")
        await looks.until(3)
        assert not any(looks.seen[1:])
        nursery.cancel_scope.cancel()
    number = len(looks.seen)
    await trio.sleep(3 * SOON_SECONDS)
    assert len(looks.seen) == number, "who was cancelled looks no more"


async def test_what_a_look_raises_comes_out(pairs: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = pairs()
    looks = Looks(Ear(near))
    far.send(b"x")
    with monkeypatch.context() as broken:
        broken.setattr(Ear, "read", lambda self: 1 / 0)
        with pytest.raises(ZeroDivisionError), trio.fail_after(PATIENCE_SECONDS):
            await looks.run()


async def test_what_one_raises_is_no_matter_of_the_others(pairs: Callable[[], Pair]) -> None:
    (near, far), (other, to_other), (alone, to_alone) = pairs(), pairs(), pairs()
    looks = Looks(Ear(near))
    looks.set.unregister(near.fileno())
    looks.set.register(other.fileno(), select.EPOLLIN)  # whose ear it does not know

    def fails() -> bool:
        raise ZeroDivisionError

    async def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            await each_time_readable(near.fileno(), fails)
        with pytest.raises(KeyError):
            await looks.run()

    async with trio.open_nursery() as nursery:
        ear = listening(nursery, Ear(alone))
        await trio.testing.wait_all_tasks_blocked()
        for party in (far, to_other):
            party.send(b"x")
        await fail()
        to_alone.send(b"x")
        assert await ear.next() == b"x"
        nursery.cancel_scope.cancel()


async def test_who_has_read_enough_beside_a_set_is_named_to_nobody(pairs: Callable[[], Pair]) -> None:
    (near, far), (other, to_other) = pairs(), pairs()
    looks = Looks(Ear(other))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(looks.run)
        await trio.testing.wait_all_tasks_blocked()
        far.send(b"ab")
        with trio.fail_after(PATIENCE_SECONDS):
            await each_time_readable(near.fileno(), lambda: not near.recv(1))
        for said in (1, 2):
            to_other.send(b"xx")
            await looks.until(said)
        nursery.cancel_scope.cancel()
    assert all(looks.seen)


async def test_a_set_may_be_looked_at_again(pairs: Callable[[], Pair]) -> None:
    near, far = pairs()
    found = list[tuple[int, int]]()

    def look(events: list[tuple[int, int]]) -> float:
        found.extend(events)
        near.recv(1)
        scope.cancel()
        return math.inf

    with select.epoll() as several, trio.fail_after(PATIENCE_SECONDS):
        several.register(near.fileno(), select.EPOLLIN)
        for _ in range(2):
            far.send(b"x")
            with trio.CancelScope() as scope:
                await each_look(several, lambda: 1, look)
    assert found == [(near.fileno(), select.EPOLLIN)] * 2


async def test_several_sets_may_be_looked_at_and_others_are_read_beside_and_after_them(
    pairs: Callable[[], Pair],
) -> None:
    (a, to_a), (b, to_b), (alone, to_alone) = pairs(), pairs(), pairs()
    first, second = Looks(Ear(a)), Looks(Ear(b))
    async with trio.open_nursery() as outer:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(first.run)
            nursery.start_soon(second.run)
            ear = listening(outer, Ear(alone))
            for far in (to_a, to_b, to_alone):
                far.send(b"x")
            await first.until(1)
            await second.until(1)
            assert await ear.next() == b"x"
            nursery.cancel_scope.cancel()
        to_alone.send(b"y")
        assert await ear.next() == b"xy"
        outer.cancel_scope.cancel()

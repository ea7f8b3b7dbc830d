"""Sockets that are read without a turn of the scheduler for each: they are, and trio misses nothing meanwhile."""

import math
import os
import select
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import trio
import trio.testing

from persistence import trios_set
from persistence.io_wait import each_look, each_time_readable, own_io_wait
from persistence.plain_stream import PlainStream

PATIENCE_SECONDS = 20.0
"""Far beyond all deadlines of trio here: who is not woken is found out."""
SOON_SECONDS = 0.01
MANY = 20

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def make_pair() -> Iterator[Callable[[], Pair]]:
    """Makes two sockets that are connected; what is said to the second can be read from the first."""
    made: list[socket.socket] = []

    def make() -> Pair:
        near, far = socket.socketpair()
        near.setblocking(False)
        made.extend((near, far))
        return near, far

    yield make
    for sock in made:
        sock.close()


@pytest.fixture(params=["in trio's stead", "in a task"])
async def pairs(request: pytest.FixtureRequest, make_pair: Callable[[], Pair]) -> AsyncIterator[Callable[[], Pair]]:
    """The same; and how it is waited in this test. An argument of the test: `usefixtures` would not run it in trio."""
    async with own_io_wait() if request.param == "in trio's stead" else nullcontext():
        yield make_pair


class Ear:
    """Reads from a socket, a few bytes at a time, until its end."""

    def __init__(self, sock: socket.socket) -> None:
        self.number = sock.fileno()
        self.heard = b""
        self.has_heard = trio.Event()
        self._sock = sock

    def read(self) -> bool:
        """Read, and go on unless that was all."""
        data = self._sock.recv(2)
        self.heard += data
        self.has_heard.set()
        return bool(data)

    async def next(self) -> bytes:
        """All that has been heard, as soon as it is more."""
        with trio.fail_after(PATIENCE_SECONDS):
            await self.has_heard.wait()
        self.has_heard = trio.Event()
        return self.heard


class Looks:
    """A set, what each look at it found, and in how many seconds there is to be another."""

    def __init__(self, *ears: Ear) -> None:
        self.set = select.epoll()
        self.again = math.inf
        self.after: dict[int, Callable[[], object]] = {}
        """What happens at the end of a look, by how many there have been."""
        self.seen: list[list[Ear]] = []
        self.more = trio.Event()
        self._ears = {ear.number: ear for ear in ears}
        for ear in ears:
            self.set.register(ear.number, select.EPOLLIN)

    async def run(self) -> None:
        """Look, one at a time."""
        try:
            await each_look(self.set, lambda: 1, self._look)
        finally:
            self.set.close()

    def _look(self, found: list[tuple[int, int]]) -> float:
        ears = [self._ears[number] for number, _ in found]
        for ear in ears:
            if not ear.read():
                self.set.unregister(ear.number)
        self.seen.append(ears)
        self.after.get(len(self.seen), lambda: None)()
        self.more.set()
        return self.again

    async def until(self, looks: int) -> None:
        """Wait for so many."""
        with trio.fail_after(PATIENCE_SECONDS):
            while len(self.seen) < looks:
                self.more = trio.Event()
                await self.more.wait()


def listening(nursery: trio.Nursery, ear: Ear) -> Ear:
    """It listens until the nursery ends."""
    nursery.start_soon(each_time_readable, ear.number, ear.read)
    return ear


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

"""The order in which sockets are heard: who says little before who says much, and each of these in its turn."""

import select
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext
from itertools import pairwise

import pytest
import trio
import trio.testing

from broker.pace import LOOKS, MOST_AT_ONCE
from broker.switchboard import (
    IS_AVAILABLE,
    LONGEST_HOLD_SECONDS,
    LONGEST_IN_FRONT,
    SHORT_TURN_BYTES,
    TURN_BYTES,
    Readable,
    Switchboard,
)
from persistence.io_wait import own_io_wait

pytestmark = pytest.mark.skipif(not IS_AVAILABLE, reason="has no epoll")

PATIENCE_SECONDS = 20.0
PACKET_BYTES = 256
MOST_NESTED = 3
"""Sets one in the other that the kernel takes in front; at the back, which is a set within that, it refuses them."""

Look = list[tuple[str, int]]


def speak(*parties: socket.socket) -> Callable[[], None]:
    """Lets these say a little."""

    def say() -> None:
        for party in parties:
            party.send(b"x")

    return say


class Room:
    """A switchboard, the parties connected to it, and what each look heard of whom."""

    def __init__(self, *, like_a_process: bool) -> None:
        self.like_a_process = like_a_process
        self.looks: list[Look] = []
        self.lags = False
        self.after: dict[int, Callable[[], None]] = {}
        """What happens at the end of a look, by how many there have been."""
        self.switchboard = Switchboard(lambda: self.looks.append([]), self._look_ends, lambda: self.lags)
        self._more = trio.Event()
        self._connected: dict[str, tuple[int, Readable]] = {}

    def pause(self, name: str) -> None:
        """This one is not heard for a while, as who has too much under way, and then again."""
        number, readable = self._connected[name]
        self.switchboard.disconnect(number)
        self.switchboard.connect(number, readable)

    def dismiss(self, name: str) -> None:
        """This one works no more."""
        self.switchboard.works_no_more(self._connected[name][0])

    def lag_and(self, party: socket.socket) -> Callable[[], None]:
        """From then on Redis lags; and this one speaks."""

        def lag() -> None:
            self.lags = True
            party.send(b"x")

        return lag

    def _look_ends(self) -> None:
        self.after.get(len(self.looks), lambda: None)()
        self._more.set()
        self._more = trio.Event()

    @contextmanager
    def party(self, name: str, says: int = 0, nested: int = 0) -> Iterator[socket.socket]:
        """Somebody who has said so much; more is sent on the socket. It is watched by way of so many nested sets."""
        near, far = socket.socketpair()
        with near, far, ExitStack() as sets:
            near.setblocking(False)
            far.send(bytes(says))
            number = near.fileno()
            for _ in range(nested):
                around = sets.enter_context(select.epoll())
                around.register(number, select.EPOLLIN)
                number = around.fileno()

            def readable() -> int:
                length = len(near.recv(self.switchboard.turn_bytes))
                self.looks[-1].append((name, length))
                return -(-length // PACKET_BYTES)

            self._connected[name] = number, readable
            self.switchboard.connect(number, readable)
            if name == "worker":
                self.switchboard.works(number)
            yield far
            self.switchboard.disconnect(number)

    async def has(self, looks: int) -> list[Look]:
        """The first looks, when there have been so many."""
        with trio.fail_after(PATIENCE_SECONDS):
            while len(self.looks) < looks:
                await self._more.wait()
        return self.looks[:looks]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let it look."""
        async with own_io_wait() if self.like_a_process else nullcontext(), trio.open_nursery() as nursery:
            nursery.start_soon(self.switchboard.run)
            yield
            nursery.cancel_scope.cancel()


@pytest.fixture(params=["in a task", "like a process"])
def room(request: pytest.FixtureRequest) -> Iterator[Room]:
    """An empty one, which waits as within another program, or as `python -m broker` does."""
    room = Room(like_a_process=request.param == "like a process")
    yield room
    room.switchboard.close()


@pytest.fixture
def room_in_a_task() -> Iterator[Room]:
    """One that waits in a task, for tests whose time is their own: only trio's waits know of that."""
    room = Room(like_a_process=False)
    yield room
    room.switchboard.close()


async def test_where_workers_alone_speak_half_of_them_are_heard_in_a_look(room: Room) -> None:
    with ExitStack() as stack:
        workers = [stack.enter_context(room.party("worker", 1)) for _ in range(16)]
        for look in range(1, 2 * LOOKS + 2):
            room.after[look] = speak(*workers[:16])
        async with room.open():
            heard = [len(look) for look in await room.has(2 * LOOKS + 2)]
    assert heard[0] == MOST_AT_ONCE
    assert heard[-1] == 8


async def test_who_says_little_is_heard_before_who_says_much_and_keeps_their_turns_short(room: Room) -> None:
    with room.party("flood", 3 * TURN_BYTES), room.party("lone") as lone:
        room.after[2] = speak(lone)
        async with room.open():
            assert await room.has(4) == [
                [("flood", TURN_BYTES)],
                [("flood", TURN_BYTES)],
                [("lone", 1), ("flood", SHORT_TURN_BYTES)],
                [("flood", SHORT_TURN_BYTES)],
            ]


async def test_beside_who_says_little_a_look_has_one_long_turn_and_they_take_turns(room: Room) -> None:
    with room.party("a", 2 * TURN_BYTES), room.party("b", 2 * TURN_BYTES), room.party("lone") as lone:
        room.after[1] = speak(lone)
        async with room.open():
            first, *later = await room.has(5)
    assert first == [("a", TURN_BYTES), ("b", TURN_BYTES)]
    heard = [turn for look in later for turn in look]
    assert heard[0] == ("lone", 1)
    assert sorted(heard[1:]) == [
        ("a", SHORT_TURN_BYTES),
        ("a", SHORT_TURN_BYTES),
        ("b", SHORT_TURN_BYTES),
        ("b", SHORT_TURN_BYTES),
    ]
    assert sorted(heard[1:3]) == [("a", SHORT_TURN_BYTES), ("b", SHORT_TURN_BYTES)], (
        "each had its turn before anybody had two"
    )
    assert [len(look) for look in later] == [2, 1, 1, 1]


async def test_by_themselves_all_who_say_much_are_heard_in_each_look(room: Room) -> None:
    with room.party("a", 2 * TURN_BYTES), room.party("b", 2 * TURN_BYTES), room.party("c", 2 * TURN_BYTES):
        async with room.open():
            looks = await room.has(2)
    assert [sorted(look) for look in looks] == [[(name, TURN_BYTES) for name in "abc"]] * 2


async def test_workers_are_heard_behind_who_says_little_while_others_say_much(room: Room) -> None:
    with room.party("worker", 1) as worker, room.party("flood", TURN_BYTES), room.party("lone") as lone:
        room.after[1] = room.after[2] = speak(worker, lone)
        async with room.open():
            looks = await room.has(3)
    assert looks[2] == [("lone", 1), ("worker", 1)], "in the look before, it was still in front"


async def test_who_works_no_more_stands_back_as_others_who_say_much(room: Room) -> None:
    with room.party("worker", 3 * TURN_BYTES), room.party("lone") as lone:
        room.dismiss("worker")
        room.after[2] = speak(lone)
        async with room.open():
            assert (await room.has(3))[2] == [("lone", 1), ("worker", SHORT_TURN_BYTES)]


async def test_who_says_much_has_its_turn_however_many_say_little(room: Room) -> None:
    with ExitStack() as stack:
        many = [stack.enter_context(room.party("lone", 1)) for _ in range(10 * MOST_AT_ONCE)]
        stack.enter_context(room.party("flood", 4 * TURN_BYTES))
        room.after = dict.fromkeys(range(100), speak(*many))  # there are always more than a look takes
        async with room.open():
            looks = await room.has(60)
    heard = [number for number, look in enumerate(looks) if "flood" in dict(look)]
    gaps = [after - before for before, after in pairwise(heard[1:])]
    assert len(gaps) > 2
    assert max(gaps) <= LONGEST_IN_FRONT


async def test_who_says_much_and_is_not_heard_for_a_while_is_no_newcomer_then(room: Room) -> None:
    with room.party("flood", 3 * TURN_BYTES), room.party("lone") as lone:

        def pause_and_speak() -> None:
            room.pause("flood")
            lone.send(b"x")

        room.after[1] = pause_and_speak
        async with room.open():
            assert (await room.has(2))[1] == [("lone", 1), ("flood", SHORT_TURN_BYTES)]


async def test_who_says_much_waits_while_redis_lags_and_others_do_not(room: Room) -> None:
    with room.party("flood", 3 * TURN_BYTES), room.party("lone") as lone:
        room.after[1] = room.lag_and(lone)
        room.after[2] = speak(lone)
        async with room.open():
            assert (await room.has(3))[1:] == [[("lone", 1)], [("lone", 1)]]
            room.switchboard.go_on()
            assert len(room.looks) == 3, "it lags still"
            room.lags = False
            room.switchboard.go_on()
            assert (await room.has(4))[3] == [("flood", SHORT_TURN_BYTES)]


async def test_nobody_waits_long_for_a_redis_that_does_not_answer(room: Room) -> None:
    with room.party("flood", 2 * TURN_BYTES), room.party("lone") as lone:
        room.after[1] = room.lag_and(lone)
        async with room.open():
            assert (await room.has(3))[1:] == [[("lone", 1)], [("flood", SHORT_TURN_BYTES)]]


async def test_nor_when_the_last_look_was_full_and_everybody_is_silent_now(room: Room) -> None:
    with room.party("flood", 2 * TURN_BYTES), ExitStack() as stack:
        many = [stack.enter_context(room.party("lone")) for _ in range(MOST_AT_ONCE)]
        room.after[1] = room.lag_and(many[0])
        room.after[2] = speak(*many)
        async with room.open():
            looks = await room.has(5)
    assert looks[2:] == [[("lone", 1)] * MOST_AT_ONCE, [], [("flood", SHORT_TURN_BYTES)]]


async def test_nor_for_those_who_say_little_and_do_not_stop(
    room_in_a_task: Room, mock_clock: trio.testing.MockClock
) -> None:
    with room_in_a_task.party("flood", 2 * TURN_BYTES), room_in_a_task.party("lone") as lone:
        room_in_a_task.after[1] = room_in_a_task.lag_and(lone)
        async with room_in_a_task.open():
            for looks in (2, 3, 4):
                await room_in_a_task.has(looks)
                mock_clock.jump(LONGEST_HOLD_SECONDS * 0.4)
                lone.send(b"x")
            assert (await room_in_a_task.has(5))[1:] == [[("lone", 1)]] * 3 + [
                [("lone", 1), ("flood", SHORT_TURN_BYTES)]
            ]


async def test_who_says_much_has_its_turn_after_two_answers_of_a_redis_that_others_keep_busy(room: Room) -> None:
    with room.party("flood", 3 * TURN_BYTES), room.party("lone") as lone:
        room.after[1] = room.lag_and(lone)
        async with room.open():
            await room.has(2)
            room.switchboard.go_on()
            assert len(room.looks) == 2, "one answer may be to what was asked long ago"
            room.switchboard.go_on()
            assert (await room.has(3))[2] == [("flood", SHORT_TURN_BYTES)]


@pytest.mark.parametrize("turn", range(8))
async def test_redis_may_answer_in_the_moment_in_which_it_was_waited_for_long_enough(
    room_in_a_task: Room, mock_clock: trio.testing.MockClock, turn: int
) -> None:
    with room_in_a_task.party("flood", 2 * TURN_BYTES), room_in_a_task.party("lone") as lone:
        room_in_a_task.after[1] = room_in_a_task.lag_and(lone)
        async with room_in_a_task.open(), trio.open_nursery() as nursery:
            await room_in_a_task.has(2)

            @nursery.start_soon
            async def answer() -> None:
                await trio.sleep(LONGEST_HOLD_SECONDS)
                room_in_a_task.lags = False
                room_in_a_task.switchboard.go_on()

            await trio.testing.wait_all_tasks_blocked()
            mock_clock.jump(LONGEST_HOLD_SECONDS)  # trio lets the two go on in any order
            assert (await room_in_a_task.has(3))[2] == [("flood", SHORT_TURN_BYTES)]


async def test_by_themselves_who_say_much_do_not_wait_for_redis(room: Room) -> None:
    room.lags = True
    with room.party("flood", 2 * TURN_BYTES):
        async with room.open():
            assert await room.has(2) == [[("flood", TURN_BYTES)]] * 2


async def test_who_left_before_its_turn_is_not_called(room: Room) -> None:
    with room.party("a", 3 * TURN_BYTES), room.party("lone") as lone:
        with room.party("b", 3 * TURN_BYTES):
            room.after[1] = speak(lone)
            async with room.open():
                await room.has(2)  # one of the two is heard, the other is next
        heard = len(room.looks)
        async with room.open():
            await room.has(heard + 2)
    assert {name for look in room.looks[heard:] for name, _ in look} == {"a"}


async def test_whom_the_kernel_does_not_take_at_the_back_is_heard_where_it_is(room: Room) -> None:
    nested = MOST_NESTED + room.like_a_process  # in a task the front is nested itself, in trio's set
    with room.party("flood", 3 * TURN_BYTES, nested=nested), room.party("lone", 1) as lone:
        room.after[1] = room.after[2] = speak(lone)
        async with room.open():
            looks = await room.has(3)
    assert [sorted(look) for look in looks] == [[("flood", TURN_BYTES), ("lone", 1)]] * 3

"""What becomes of commands when the connection breaks, and how the pipe comes back."""

import re
from functools import partial

import pytest
import trio

from persistence.errors import StoreError, StoreUnavailableError
from persistence.handshake import Handshake
from persistence.outage import Outage
from persistence.pipe import Pipe
from persistence.replies import Command, Reply
from tests.persistence.log_ear import hearing
from tests.persistence.pipes import Heard, options_for, running, until
from tests.servers import AOF, MakeServer, RedisServer


class Pusher:
    """Posts commands that append to the list "list", once, and says when it is made anew."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def once(self, word: str) -> Heard:
        """A command that must not be repeated."""
        heard = Heard()
        self._pipe.post(("RPUSH", "list", word), heard)
        return heard

    def repeated(self, word: str) -> Heard:
        """A command that may be; its repeat appends the word with "again"."""
        heard = Heard()

        def again() -> Command:
            return ("RPUSH", "list", f"{word} again")

        self._pipe.post(("RPUSH", "list", word), heard, again=again)
        return heard


def lost(heard: Heard) -> StoreUnavailableError:
    """The one answer, which must be that there is none."""
    (error,) = heard.replies
    assert isinstance(error, StoreUnavailableError)
    return error


async def test_after_a_kill_repeats_come_in_their_order_before_all_that_was_posted_later(
    redis_server: RedisServer,
) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        push = Pusher(pipe)
        redis_server.pause()
        first, single, third = push.repeated("1"), push.once("2"), push.repeated("3")
        await until(lambda: pipe.statistics().in_flight == 3)
        redis_server.kill()
        await single.wait()
        later = [push.once("4"), push.repeated("5"), push.once("6")]
        redis_server.start()
        for heard in (first, third, *later):
            await heard.wait()
        assert lost(single).sent
        assert pipe.statistics().connects == 2
    words = redis_server.client().lrange("list", 0, -1)
    assert words == [b"1 again", b"3 again", b"4", b"5 again", b"6"]


async def test_every_command_gets_one_answer_over_several_kills(make_server: MakeServer) -> None:
    server = make_server(*AOF)
    server.start()
    answers: dict[int, list[Reply]] = {number: [] for number in range(3_000)}
    executed = Heard()
    async with running(Pipe(options_for(server), name="test")) as pipe:
        for number, heard in answers.items():
            command = ("SADD", "set", number)

            def answer(reply: Reply, heard: list[Reply] = heard) -> None:
                heard.append(reply)
                executed(reply)

            def again(command: Command = command) -> Command:
                return command

            pipe.post(command, answer, again=again)
            await trio.lowlevel.checkpoint()
            if number % 1_000 == 500:
                server.kill()
                server.start()
        await executed.wait(3_000)
    assert all(len(heard) == 1 and heard[0] in (0, 1) for heard in answers.values())
    assert server.client().scard("set") == 3_000


async def test_a_repeat_is_repeated_until_it_is_answered(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        made = 0

        def again() -> Command:
            nonlocal made
            made += 1
            return ("ECHO", made)

        heard = Heard()
        redis_server.pause()
        pipe.post(("ECHO", 0), heard, again=again)
        await until(lambda: pipe.statistics().in_flight == 1)
        for attempt in (1, 2):
            redis_server.kill()
            await until(lambda: not pipe.connected)
            redis_server.start()
            await pipe.wait_connected()
            if attempt == 1:
                await heard.wait()
                heard = Heard()
                redis_server.pause()
                pipe.post(("ECHO", 0), heard, again=again)
                await until(lambda: pipe.statistics().in_flight == 1)
        assert await heard.wait() == [b"2"]


async def test_what_had_not_left_when_it_broke_goes_too_unless_it_may_be_repeated(
    redis_server: RedisServer,
) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        push = Pusher(pipe)
        redis_server.pause()
        pipe.post(("SET", "key", b"x" * 30_000_000), Heard())
        await until(lambda: pipe.statistics().in_flight == 1)
        single, repeated = push.once("1"), push.repeated("2")
        await trio.testing.wait_all_tasks_blocked()
        assert pipe.statistics().in_flight == 1, "the socket should be full"
        redis_server.kill()
        await single.wait()
        assert not lost(single).sent
        redis_server.start()
        assert await repeated.wait() == [1]


async def test_the_owner_hears_of_the_break_before_any_caller(redis_server: RedisServer) -> None:
    told: list[str] = []
    pipe = Pipe(
        options_for(redis_server),
        name="test",
        on_break=lambda error: told.append(f"break, connected: {pipe.connected}, {type(error).__name__}"),
        on_batch=lambda: told.append("batch"),
    )
    async with running(pipe):
        redis_server.pause()
        heard = Heard()

        def answer(reply: Reply) -> None:
            told.append("answer")
            heard(reply)

        pipe.post(("PING",), answer)
        await until(lambda: pipe.statistics().in_flight == 1)
        told.clear()
        redis_server.kill()
        await heard.wait()
        assert told == ["break, connected: False, StoreUnavailableError", "answer", "batch"]


async def test_what_is_posted_from_a_lost_answer_waits_for_the_next_connection(
    redis_server: RedisServer,
) -> None:
    heard = Heard()
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:

        def again(reply: Reply) -> None:
            assert isinstance(reply, StoreError)
            pipe.post(("ECHO", "second"), heard)

        redis_server.pause()
        pipe.post(("ECHO", "first"), again)
        await until(lambda: pipe.statistics().in_flight == 1)
        redis_server.kill()
        redis_server.start()
        assert await heard.wait() == [b"second"]


async def test_every_connection_is_prepared_anew(redis_server: RedisServer) -> None:
    async def prepare(handshake: Handshake) -> None:
        await handshake("RPUSH", "list", "prepared")

    pipe = Pipe(options_for(redis_server), name="test", on_connect=prepare)
    async with running(pipe):
        push = Pusher(pipe)
        redis_server.pause()
        repeated = push.repeated("1")
        await until(lambda: pipe.statistics().in_flight == 1)
        redis_server.kill()
        redis_server.start()
        await repeated.wait()
    assert redis_server.client().lrange("list", 0, -1) == [b"prepared", b"1 again"]


async def test_a_break_while_preparing_is_one_more_attempt(redis_server: RedisServer) -> None:
    attempts = 0

    async def prepare(handshake: Handshake) -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            redis_server.client().client_kill_filter(_type="normal", skipme=True)
        await handshake("PING")

    async with running(Pipe(options_for(redis_server), name="test", on_connect=prepare)) as pipe:
        assert attempts == 2
        assert await pipe.ask("PING") == b"PONG"
        assert pipe.statistics().connects == 1


async def test_lost_scripts_are_loaded_again_and_their_calls_repeated_in_order(
    redis_server: RedisServer,
) -> None:
    script = "return redis.call('RPUSH', 'list', ARGV[1])"
    sha = redis_server.client().script_load(script)

    async def prepare(handshake: Handshake) -> None:
        assert await handshake("SCRIPT", "LOAD", script) == sha.encode()

    pipe = Pipe(options_for(redis_server), name="test", on_connect=prepare)
    async with running(pipe):
        redis_server.client().script_flush()
        calls: list[Command] = [("EVALSHA", sha, 0, number) for number in range(3)]
        heard = Heard()
        single = Heard()
        for call in calls:
            pipe.post(call, heard, again=partial(list, call))
        pipe.post(("EVALSHA", sha, 0, "single"), single)
        assert await heard.wait(3) == [1, 2, 3]
        assert lost(single).sent
        assert pipe.statistics().connects == 2
    assert redis_server.client().lrange("list", 0, -1) == [b"0", b"1", b"2"]


async def test_a_full_outbox_says_so_at_once_and_takes_more_when_it_has_emptied(
    redis_server: RedisServer,
) -> None:
    pipe = Pipe(options_for(redis_server), name="test", max_unsent_bytes=10_000)
    async with running(pipe):
        redis_server.kill()
        await until(lambda: not pipe.connected)
        kept, refused = Heard(), Heard()
        for _ in range(9):
            pipe.post(("SET", "key", b"x" * 1_000), kept)
        pipe.post(("SET", "key", b"x" * 1_000), refused)
        assert not lost(refused).sent
        assert pipe.statistics().unsent_bytes < 10_000
        redis_server.start()
        assert await kept.wait(9) == [b"OK"] * 9
        pipe.post(("SET", "key", b"x" * 1_000), kept)
        assert (await kept.wait(10))[-1] == b"OK"


async def test_an_outage_is_one_line_and_its_end_another_however_many_pipes_meet_it(redis_server: RedisServer) -> None:
    options = options_for(redis_server)
    outage = Outage(options.address)
    with hearing("persistence.outage") as ear:
        one, other = Pipe(options, name="one", outage=outage), Pipe(options, name="other", outage=outage)
        async with running(one), running(other):
            redis_server.kill()
            await until(lambda: one.away_because is not None and other.away_because is not None)
            refused = f"cannot connect to Redis at {options.address}: Connection refused"
            lost, away = ear.lines()
            assert lost.startswith(f"the connection to Redis at {options.address} was lost: ")
            assert away == f"Redis is away: {refused}; trying again"
            redis_server.start()
            await one.wait_connected()
            await other.wait_connected()
            (back,) = ear.lines()
            assert re.fullmatch(rf"Redis at {options.address} is back, after \d+\.\d s", back)


async def test_a_break_that_is_healed_at_once_is_one_line(redis_server: RedisServer) -> None:
    options = options_for(redis_server)
    with hearing("persistence.outage") as ear:
        async with running(Pipe(options, name="test")) as pipe:
            connects = pipe.statistics().connects
            redis_server.client().client_kill_filter(_type="normal", skipme=True)
            await until(lambda: pipe.statistics().connects > connects)
            lost = f"the connection to Redis at {options.address} was lost and is back: the connection to Redis broke: "
            _, line = ear.lines()
            assert line.startswith(lost)


async def test_a_clean_stop_of_the_server_is_a_break_like_any_other(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        redis_server.stop()
        await until(lambda: not pipe.connected)
        heard = Heard()
        pipe.post(("PING",), heard)
        redis_server.start()
        assert await heard.wait() == [b"PONG"]


async def test_posts_after_the_end_are_answered_at_once(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        pass
    heard = Heard()
    pipe.post(("PING",), heard, again=lambda: ("PING",))
    assert str(lost(heard)) == "the pipe test has ended"
    assert not pipe.connected
    with pytest.raises(StoreUnavailableError, match="has ended"):
        await pipe.wait_connected()
    with pytest.raises(StoreUnavailableError, match="has ended"):
        await pipe.ask("PING")

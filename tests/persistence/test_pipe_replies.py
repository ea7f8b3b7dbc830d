"""Commands and replies of a pipe whose connection holds."""

import math

import pytest
import trio

from persistence.errors import StoreRefusedError
from persistence.options import RedisOptions
from persistence.pipe import Pipe
from persistence.replies import Reply
from tests.persistence.pipes import Heard, options_for, running, until
from tests.servers import RedisServer


async def test_every_task_gets_its_own_reply_under_load(redis_server: RedisServer) -> None:
    async def echo(pipe: Pipe, task: int) -> None:
        for number in range(100):
            said = b"%d of task %d" % (number, task)
            assert await pipe.ask("ECHO", said) == said

    async with running(Pipe(options_for(redis_server), name="test")) as pipe, trio.open_nursery() as nursery:
        for task in range(100):
            nursery.start_soon(echo, pipe, task)


async def test_commands_are_executed_and_answered_in_the_order_of_their_posts(
    redis_server: RedisServer,
) -> None:
    heard = Heard()
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        for number in range(5_000):
            pipe.post((b"RPUSH", b"list", number), heard)
            if number % 7 == 0:
                await trio.lowlevel.checkpoint()
        assert await heard.wait(5_000) == list(range(1, 5_001))
    assert redis_server.client().lrange("list", 0, -1) == [b"%d" % number for number in range(5_000)]


async def test_all_that_is_posted_in_one_scheduler_pass_is_one_trip(redis_server: RedisServer) -> None:
    go = trio.Event()
    heard = Heard()

    async def post_once(pipe: Pipe, task: int) -> None:
        await go.wait()
        pipe.post((b"SET", b"key-%d" % task, b"x" * 200), heard)

    async with running(Pipe(options_for(redis_server), name="test")) as pipe, trio.open_nursery() as nursery:
        for task in range(100):
            nursery.start_soon(post_once, pipe, task)
        await trio.testing.wait_all_tasks_blocked()
        before = pipe.statistics()
        go.set()
        await heard.wait(100)
        after = pipe.statistics()
        assert (after.sends - before.sends, after.commands - before.commands) == (1, 100)
        assert (after.replies - before.replies, after.in_flight, after.unsent_bytes) == (100, 0, 0)


async def test_a_backlog_leaves_in_several_writes_and_arrives_whole(redis_server: RedisServer) -> None:
    heard = Heard()
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        before = pipe.statistics()
        for number in range(40):
            pipe.post((b"SETRANGE", b"key", number * 100_000, b"%02d" % number * 50_000), heard)
        await heard.wait(40)
        assert 1 < pipe.statistics().sends - before.sends < 10
    assert redis_server.client().get("key") == b"".join(b"%02d" % number * 50_000 for number in range(40))


async def test_a_payload_of_many_megabytes_goes_there_and_back(redis_server: RedisServer) -> None:
    payload = bytes(range(256)) * 40_000
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        assert await pipe.ask("SET", b"\0key\r\n", payload) == b"OK"
        assert await pipe.ask("GET", b"\0key\r\n") == payload


REPLIES: dict[str, tuple[tuple[bytes | str | int, ...], Reply]] = {
    "a simple string": (("PING",), b"PONG"),
    "a bulk string": (("ECHO", b"\0\xff"), b"\0\xff"),
    "an empty one": (("ECHO", b""), b""),
    "an integer": (("STRLEN", "no such key"), 0),
    "nothing": (("GET", "no such key"), None),
    "no": (("EVAL", "redis.setresp(3) return false", 0), False),
    "a list": (("EVAL", "return {'a', 1, {'b'}}", 0), [b"a", 1, [b"b"]]),
    "a map": (("CONFIG", "GET", "databases"), {b"databases": b"16"}),
    "a double": (("ZADD", "sorted", "INCR", 3, "a"), 3.0),
}


async def test_replies_come_as_the_values_they_are(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        for what, (command, reply) in REPLIES.items():
            assert await pipe.ask(*command) == reply, what


async def test_an_error_reply_is_an_answer_and_those_behind_it_stay_in_step(
    redis_server: RedisServer,
) -> None:
    heard = Heard()
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        pipe.post(("HSET", "key", "field", "value"), heard)
        pipe.post(("INCR", "key"), heard)
        pipe.post(("HGET", "key", "field"), heard)
        added, error, value = await heard.wait(3)
    assert (added, value) == (1, b"value")
    assert isinstance(error, StoreRefusedError)
    assert error.word == "WRONGTYPE"
    assert str(error) == "WRONGTYPE Operation against a key holding the wrong kind of value"


async def test_ask_raises_the_error_reply(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        with pytest.raises(StoreRefusedError, match=r"^ERR unknown command"):
            await pipe.ask("GIBBERISH")


async def test_the_replies_of_one_read_are_all_given_before_the_batch_ends(redis_server: RedisServer) -> None:
    heard = Heard()
    batches: list[int] = []
    pipe = Pipe(options_for(redis_server), name="test", on_batch=lambda: batches.append(len(heard.replies)))
    async with running(pipe):
        batches.clear()
        redis_server.pause()
        for _ in range(50):
            pipe.post(("PING",), heard)
        await until(lambda: pipe.statistics().in_flight == 50)
        redis_server.resume()
        await heard.wait(50)
        assert batches == [50]


async def test_an_answer_may_post_again(redis_server: RedisServer) -> None:
    heard = Heard()
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:

        def count_on(reply: Reply) -> None:
            if reply == 100:
                heard(reply)
            else:
                pipe.post(("INCR", "counter"), count_on)

        pipe.post(("INCR", "counter"), count_on)
        assert await heard.wait() == [100]


WRONG_COMMANDS = {
    "nothing": (("SET", "key", None), TypeError),
    "a truth": (("SET", "key", True), TypeError),
    "a list": (("SET", "key", [1]), TypeError),
    "everything unsubscribed": (("UNSUBSCRIBE",), ValueError),
}


@pytest.mark.parametrize("what", WRONG_COMMANDS)
async def test_a_wrong_command_is_the_posters_error_and_leaves_nothing_behind(what: str) -> None:
    command, error = WRONG_COMMANDS[what]
    heard = Heard()
    pipe = Pipe(RedisOptions(), name="test")
    with pytest.raises(error):
        pipe.post(command, heard)  # type: ignore[arg-type]  # the very point of it
    assert pipe.statistics().unsent_bytes == 0
    assert heard.replies == []


async def test_a_fault_in_a_callback_comes_out_of_run_as_it_went_in(redis_server: RedisServer) -> None:
    def fault(reply: Reply) -> None:
        raise ZeroDivisionError

    pipe = Pipe(options_for(redis_server), name="test")
    pipe.post(("PING",), fault)
    with pytest.raises(ZeroDivisionError):
        await pipe.run()


async def test_a_pipe_runs_once(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        with pytest.raises(RuntimeError, match="only once"):
            await pipe.run()


async def test_nothing_is_sent_while_nothing_is_asked(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server, silence_seconds=math.inf), name="test")) as pipe:
        before = pipe.statistics()
        for _ in range(100):
            await trio.lowlevel.checkpoint()
        assert pipe.statistics() == before

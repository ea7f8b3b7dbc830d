"""Push messages: in stream order with the replies, and subscriptions answered by them."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import trio

from persistence.errors import StoreRefusedError
from persistence.handshake import Handshake
from persistence.options import RedisOptions
from persistence.pipe import Pipe
from persistence.replies import Reply
from tests.persistence.pipes import Heard, options_for, running, until
from tests.ports import private_port
from tests.servers import RedisServer

WAYS = {
    "to all": ("SUBSCRIBE", "PUBLISH", b"message"),
    "within a slot": ("SSUBSCRIBE", "SPUBLISH", b"smessage"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_subscription_is_answered_by_the_push_that_confirms_it(redis_server: RedisServer, way: str) -> None:
    subscribe, publish, kind = WAYS[way]
    pushes = Heard()
    async with running(Pipe(options_for(redis_server), name="test", on_push=pushes)) as pipe:
        assert await pipe.ask(subscribe, "channel") == [subscribe.lower().encode(), b"channel", 1]
        assert pushes.replies == []
        redis_server.client().execute_command(publish, "channel", "hello")
        assert await pushes.wait() == [[kind, b"channel", b"hello"]]


async def test_many_channels_are_answered_once_by_the_last(redis_server: RedisServer) -> None:
    heard, pushes = Heard(), Heard()
    async with running(Pipe(options_for(redis_server), name="test", on_push=pushes)) as pipe:
        pipe.post((b"subscribe", b"{1}a", "{1}b", "{1}c"), heard)
        pipe.post(("ECHO", "next"), heard)
        pipe.post(("UNSUBSCRIBE", b"{1}b"), heard)
        subscribed, echoed, unsubscribed = await heard.wait(3)
    assert subscribed == [b"subscribe", b"{1}c", 3]
    assert echoed == b"next"
    assert unsubscribed == [b"unsubscribe", b"{1}b", 2]
    assert pushes.replies == []


async def test_a_refused_subscription_is_answered_by_its_error_and_those_behind_stay_in_step(
    redis_server: RedisServer,
) -> None:
    redis_server.client().execute_command(
        "ACL", "SETUSER", "mail", "on", "nopass", "~*", "+@all", "resetchannels", "&mine"
    )
    options = RedisOptions(port=redis_server.port, username="mail")
    heard = Heard()
    async with running(Pipe(options, name="test")) as pipe:
        pipe.post(("SSUBSCRIBE", "theirs"), heard)
        pipe.post(("ECHO", "next"), heard)
        pipe.post(("SSUBSCRIBE", "mine"), heard)
        refused, echoed, subscribed = await heard.wait(3)
    assert isinstance(refused, StoreRefusedError)
    assert refused.word == "NOPERM"
    assert (echoed, subscribed) == (b"next", [b"ssubscribe", b"mine", 1])


async def test_the_preparation_may_subscribe(redis_server: RedisServer) -> None:
    async def prepare(handshake: Handshake) -> None:
        replies = await handshake.many([("SSUBSCRIBE", f"{{1}}{number}") for number in range(100)])
        assert replies[-1] == [b"ssubscribe", b"{1}99", 100]

    pushes = Heard()
    pipe = Pipe(options_for(redis_server), name="test", on_connect=prepare, on_push=pushes)
    async with running(pipe):
        redis_server.client().execute_command("SPUBLISH", "{1}7", "hello")
        await pushes.wait()
        redis_server.kill()
        await until(lambda: not pipe.connected)
        redis_server.start()
        await pipe.wait_connected()
        redis_server.client().execute_command("SPUBLISH", "{1}8", "again")
        assert (await pushes.wait(2))[1] == [b"smessage", b"{1}8", b"again"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_reply_comes_after_the_notices_of_what_it_saw_and_before_all_others(
    redis_server: RedisServer, way: str
) -> None:
    """Somebody else counts and publishes each number; a GET here has heard exactly those up to its own."""
    subscribe, publish, _ = WAYS[way]
    last = 2_000
    seen: list[tuple[int, int]] = []
    heard = 0
    done = trio.Event()

    def on_push(push: list[Reply]) -> None:
        nonlocal heard
        assert isinstance(push[2], bytes)
        heard = int(push[2])

    def compare(reply: Reply) -> None:
        assert isinstance(reply, bytes)
        seen.append((int(reply), heard))
        if int(reply) == last:
            done.set()
        else:
            pipe.post(("GET", "count{1}"), compare)

    def count() -> None:
        script = f"redis.call('SET', KEYS[1], ARGV[1]) redis.call('{publish}', 'notices{{1}}', ARGV[1])"
        counting = redis_server.client().register_script(script)
        for number in range(1, last + 1):
            counting(["count{1}"], [number])

    redis_server.client().set("count{1}", 0)
    pipe = Pipe(options_for(redis_server), name="test", on_push=on_push)
    async with running(pipe):
        await pipe.ask(subscribe, "notices{1}")
        for _ in range(10):
            pipe.post(("GET", "count{1}"), compare)
        await trio.to_thread.run_sync(count)
        await done.wait()
    assert [pair for pair in seen if pair[0] != pair[1]] == []
    assert len({reply for reply, _ in seen}) > 10


async def test_a_script_that_publishes_to_its_own_pipe_leaves_the_replies_in_step(
    redis_server: RedisServer,
) -> None:
    heard, pushes = Heard(), Heard()
    script = "redis.call('PUBLISH', 'notices', ARGV[1]) return tonumber(ARGV[1])"
    async with running(Pipe(options_for(redis_server), name="test", on_push=pushes)) as pipe:
        await pipe.ask("SUBSCRIBE", "notices")
        for number in range(1_000):
            pipe.post(("EVAL", script, 0, number), heard)
        assert await heard.wait(1_000) == list(range(1_000))
        assert await pushes.wait(1_000) == [[b"message", b"notices", b"%d" % number] for number in range(1_000)]
        assert pipe.statistics().pushes == 1_001


async def test_a_notice_that_looks_like_a_confirmation_confirms_nothing(
    make_server: Callable[..., RedisServer],
) -> None:
    """A slot that moves makes the server say "sunsubscribe" unasked; another channel's must not answer ours."""
    server = make_server("--cluster-enabled", "yes", "--cluster-port", str(private_port()))
    server.start()
    pushes = Heard()
    options = replace(options_for(server), cluster=(("127.0.0.1", server.port),))
    async with running(Pipe(options, name="test", on_push=pushes)) as pipe:
        server.client().execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        while not isinstance(reply := await _maybe(pipe, "SSUBSCRIBE", "channel"), list):
            assert "CLUSTERDOWN" in str(reply)
        server.client().execute_command("CLUSTER", "DELSLOTSRANGE", 0, 16383)
        assert await pushes.wait() == [[b"sunsubscribe", b"channel", 0]]
        assert await pipe.ask("PING") == b"PONG"


async def _maybe(pipe: Pipe, *command: str) -> Reply:
    heard = Heard()
    pipe.post(command, heard)
    return (await heard.wait())[0]

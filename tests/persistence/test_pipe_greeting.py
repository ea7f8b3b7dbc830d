"""How a pipe gets in: who it says it is, what it finds there, and what it says when it is not let in."""

from dataclasses import replace

import pytest
import trio

from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError, StoreVersionError
from persistence.handshake import Handshake
from persistence.options import RedisOptions
from persistence.pipe import Pipe
from persistence.redis_url import parse_redis_url
from tests.persistence.log_ear import hearing
from tests.persistence.pipes import Heard, options_for, running
from tests.persistence.scripted_server import as_version, older_than_hello, scripted_server, serving
from tests.ports import private_port
from tests.servers import MakeServer, RedisServer


async def first_refusal(options: RedisOptions, error: type[StoreError]) -> str:
    """What a pipe says that is refused at its first connection; it says it in one line."""
    with pytest.raises(error) as caught:
        await Pipe(options, name="test").run()
    text = str(caught.value)
    assert "\n" not in text
    return text


async def test_it_stands_in_the_client_list_under_its_name(redis_server: RedisServer) -> None:
    options = replace(options_for(redis_server), client_name="mail")
    async with running(Pipe(options, name="claims")):
        names = [client["name"] for client in redis_server.client().client_list()]
        assert "mail:claims" in names


async def test_a_unix_socket_is_as_good_as_a_port(redis_server: RedisServer) -> None:
    async with running(Pipe(parse_redis_url(redis_server.unix_url), name="test")) as pipe:
        assert await pipe.ask("PING") == b"PONG"


async def test_the_password_of_the_url_opens_the_door(make_server: MakeServer) -> None:
    server = make_server(password="pa55")
    server.start()
    async with running(Pipe(parse_redis_url(server.url), name="test")) as pipe:
        assert await pipe.ask("ACL", "WHOAMI") == b"default"


async def test_a_user_of_the_acl_is_who_it_says(redis_server: RedisServer) -> None:
    redis_server.client().execute_command("ACL", "SETUSER", "mail", "on", ">p@ss/word", "~*", "&*", "+@all")
    url = f"redis://mail:p%40ss%2Fword@127.0.0.1:{redis_server.port}"
    async with running(Pipe(parse_redis_url(url), name="test")) as pipe:
        assert await pipe.ask("ACL", "WHOAMI") == b"mail"


async def test_a_user_without_password_is_let_in_by_name(redis_server: RedisServer) -> None:
    redis_server.client().execute_command("ACL", "SETUSER", "guest", "on", "nopass", "~*", "+@all")
    options = replace(options_for(redis_server), username="guest")
    async with running(Pipe(options, name="test")) as pipe:
        assert await pipe.ask("ACL", "WHOAMI") == b"guest"


async def test_a_user_who_may_do_little_may_connect(redis_server: RedisServer) -> None:
    redis_server.client().execute_command("ACL", "SETUSER", "guest", "on", "nopass", "~*", "+get")
    options = replace(options_for(redis_server), username="guest")
    async with running(Pipe(options, name="test")) as pipe:
        assert await pipe.ask("GET", "key") is None
        with pytest.raises(StoreRefusedError, match=r"^NOPERM"):
            await pipe.ask("SET", "key", "value")


async def test_the_database_is_selected(redis_server: RedisServer) -> None:
    async with running(Pipe(replace(options_for(redis_server), db=3), name="test")) as pipe:
        await pipe.ask("SET", "key", "value")
    assert redis_server.client().info("keyspace")["db3"]["keys"] == 1


async def test_a_database_that_is_not_there_is_named(redis_server: RedisServer) -> None:
    text = await first_refusal(replace(options_for(redis_server), db=99), StoreRefusedError)
    assert text.startswith(f"ERR DB index is out of range (SELECT 99 at 127.0.0.1:{redis_server.port}; ")
    assert "--redis" in text


async def test_a_wrong_password_is_said_clearly(redis_server: RedisServer) -> None:
    options = replace(options_for(redis_server), username="mail", password="guess")
    text = await first_refusal(options, StoreRefusedError)
    assert text.startswith("WRONGPASS invalid username-password pair or user is disabled.")
    assert text.endswith(f"(user mail at 127.0.0.1:{redis_server.port})")
    assert "guess" not in text


async def test_a_missing_password_is_said_clearly(make_server: MakeServer) -> None:
    server = make_server(password="pa55")
    server.start()
    text = await first_refusal(replace(options_for(server), password=None), StoreRefusedError)
    at = f"127.0.0.1:{server.port}"
    assert text == f"NOAUTH Redis asks for a password and none is given (user default at {at})"


async def test_a_password_changed_later_is_told_once_and_tried_again(make_server: MakeServer) -> None:
    server = make_server(password="pa55")
    server.start()
    with hearing("persistence.outage") as ear:
        async with running(Pipe(options_for(server), name="test")) as pipe:
            server.client().config_set("requirepass", "other")
            server.client().client_kill_filter(_type="normal", skipme=True)
            assert "WRONGPASS" in await ear.line("WRONGPASS")
            heard = Heard()
            pipe.post(("PING",), heard)
            attempts = server.client().info("stats")["total_connections_received"]
            while server.client().info("stats")["total_connections_received"] < attempts + 2:
                await trio.lowlevel.checkpoint()
            server.client().config_set("requirepass", "pa55")
            assert await heard.wait() == [b"PONG"]
            (line,) = ear.lines()
            assert line.startswith(f"Redis at 127.0.0.1:{server.port} is back, after ")


OLD = {"a Redis that knows RESP3 and no more": b"6.2.14", "a Redis before that": b"6.0.20"}


@pytest.mark.parametrize("which", OLD)
async def test_an_old_server_is_refused_with_its_version_and_what_is_needed(which: str) -> None:
    version = OLD[which]
    async with scripted_server(as_version(version)) as port:
        text = await first_refusal(RedisOptions(port=port), StoreVersionError)
    assert text == (
        f"Redis {version.decode()} at 127.0.0.1:{port} is too old: Redis 7.0 or newer, or Valkey, is needed"
    )


@pytest.mark.parametrize("password", [None, "secret"])
async def test_a_server_that_never_heard_of_hello_is_asked_its_version(password: str | None) -> None:
    async with scripted_server(older_than_hello) as port:
        text = await first_refusal(RedisOptions(port=port, password=password), StoreVersionError)
    assert text.startswith("Redis 5.0.14 at ")


@pytest.mark.parametrize("version", [b"7.0.0", b"7.4.2", b"8.6.1", b"10.0.0"])
async def test_newer_servers_are_welcome(version: bytes) -> None:
    async with (
        scripted_server(as_version(version)) as port,
        running(Pipe(RedisOptions(port=port), name="test")) as pipe,
    ):
        assert await pipe.ask("WHATEVER") == b"OK"


async def test_a_server_that_does_not_speak_resp_is_named_so() -> None:
    async with scripted_server(lambda command: b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        options = RedisOptions(port=port, connect_timeout_seconds=0.2)
        assert "it does not speak RESP" in await first_refusal(options, StoreUnavailableError)


async def test_what_a_server_says_unasked_is_passed_on() -> None:
    async def rude(stream: trio.SocketStream) -> None:
        await stream.send_all(b"-ERR max number of clients reached\r\n")
        await stream.aclose()

    async with serving(rude) as port:
        options = RedisOptions(port=port, connect_timeout_seconds=0.2)
        with pytest.raises(StoreError, match="max number of clients reached"):
            await Pipe(options, name="test").run()


async def test_nobody_there_is_an_error_after_the_connect_timeout() -> None:
    port = private_port()
    options = RedisOptions(port=port, connect_timeout_seconds=0.2)
    text = await first_refusal(options, StoreUnavailableError)
    assert text == f"cannot connect to Redis at 127.0.0.1:{port}: Connection refused"


async def test_a_socket_that_is_not_there_is_an_error_after_the_connect_timeout() -> None:
    options = RedisOptions(unix_path="/nowhere/socket", connect_timeout_seconds=0.2)
    text = await first_refusal(options, StoreUnavailableError)
    assert text == "cannot connect to Redis at /nowhere/socket: No such file or directory"


async def test_a_server_that_only_listens_is_an_error_after_the_connect_timeout() -> None:
    async def mute(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            await stream.receive_some()

    async with serving(mute) as port:
        options = RedisOptions(port=port, connect_timeout_seconds=0.2)
        text = await first_refusal(options, StoreUnavailableError)
        assert text == f"Redis at 127.0.0.1:{port} does not answer"


async def test_a_server_that_starts_a_little_later_is_waited_for(make_server: MakeServer) -> None:
    server = make_server()
    with hearing("persistence.outage") as ear:
        async with trio.open_nursery() as nursery:
            pipe = Pipe(options_for(server), name="test")
            nursery.start_soon(pipe.run)
            await ear.line("Connection refused")
            server.start()
            await pipe.wait_connected()
            assert await pipe.ask("PING") == b"PONG"
            nursery.cancel_scope.cancel()


async def test_a_server_that_loads_its_data_is_waited_for(make_server: MakeServer) -> None:
    server = make_server("--loading-process-events-interval-bytes", "1024")
    server.start()
    with server.client().pipeline() as several:
        for number in range(5_000):
            several.set(f"key-{number}", number.to_bytes(4, "big") * 50)
        several.execute()
    server.client().save()
    server.kill()
    server.settings = (*server.settings, "--key-load-delay", "10000", "--rdbcompression", "no")
    server.start(until="Loading RDB")
    with hearing("persistence.outage") as ear:
        async with trio.open_nursery() as nursery:
            pipe = Pipe(options_for(server), name="test")
            nursery.start_soon(pipe.run)
            await ear.line("LOADING")
            assert not pipe.connected
            server.client().config_set("key-load-delay", 0)
            await pipe.wait_connected()
            assert await pipe.ask("DBSIZE") == 5_000
            nursery.cancel_scope.cancel()


async def test_a_connection_is_prepared_before_anything_posted_leaves(redis_server: RedisServer) -> None:
    heard = Heard()

    async def prepare(handshake: Handshake) -> None:
        pipe.post(("RPUSH", "list", "posted while preparing"), heard)
        assert await handshake("RPUSH", "list", "first") == 1
        assert await handshake.many([]) == []
        pushed, error, length = await handshake.many([("RPUSH", "list", "second"), ("GIBBERISH",), ("LLEN", "list")])
        assert (pushed, length) == (2, 2)
        assert isinstance(error, StoreRefusedError)

    pipe = Pipe(options_for(redis_server), name="test", on_connect=prepare)
    pipe.post(("RPUSH", "list", "posted before"), heard)
    async with running(pipe):
        assert await heard.wait(2) == [3, 4]


async def test_what_the_preparation_refuses_ends_the_first_connection(redis_server: RedisServer) -> None:
    async def prepare(handshake: Handshake) -> None:
        await handshake("GET", "schema")
        raise StoreVersionError("the data are of version 9, this program knows 1")

    with pytest.raises(StoreVersionError, match="version 9"):
        await Pipe(options_for(redis_server), name="test", on_connect=prepare).run()


async def test_an_error_reply_to_the_preparation_ends_the_first_connection(redis_server: RedisServer) -> None:
    async def prepare(handshake: Handshake) -> None:
        await handshake("GIBBERISH")

    with pytest.raises(StoreRefusedError, match=r"^ERR unknown command"):
        await Pipe(options_for(redis_server), name="test", on_connect=prepare).run()

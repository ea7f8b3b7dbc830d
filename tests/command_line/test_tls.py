"""TLS on the port: real brokers, certificates made for the test, and clients nobody here wrote."""

import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import trio
import trustme

from protocol import EchoReq, EchoRes, GrabJob, NoJob, Noop, WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.command_line.background import ended
from tests.processes import BrokerProcess
from tests.programs import missing, open_program, require_program

AUTHORITY = trustme.CA()
STRANGER = trustme.CA()


class Files:
    """The PEM files of a broker and of two clients, only one of which has friends."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.certificate, self.key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
        AUTHORITY.cert_pem.write_to_path(self.authority)
        self.renew("localhost")
        self.friend, self.stranger = folder / "friend.pem", folder / "stranger.pem"
        AUTHORITY.issue_cert("friend.example").private_key_and_cert_chain_pem.write_to_path(self.friend)
        STRANGER.issue_cert("stranger.example").private_key_and_cert_chain_pem.write_to_path(self.stranger)

    def renew(self, *names: str) -> None:
        """Another certificate for the broker, in the place of the one that is there."""
        issued = AUTHORITY.issue_cert(*names)
        self.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(self.key)

    @property
    def flags(self) -> tuple[str, ...]:
        """What a broker is given."""
        return ("--ssl", f"--ssl-certificate={self.certificate}", f"--ssl-key={self.key}")

    def context(self, certificate: Path | None = None) -> ssl.SSLContext:
        """What a client knows, that perhaps shows a certificate."""
        context = ssl.create_default_context(cafile=self.authority)
        if certificate is not None:
            context.load_cert_chain(certificate)
        return context


@pytest.fixture
def files(folder: Path) -> Files:
    return Files(folder)


@pytest.fixture
def secure(broker: BrokerProcess, files: Files) -> BrokerProcess:
    """A broker whose port speaks TLS; not started yet."""
    broker.flags = files.flags
    return broker


class Served(NamedTuple):
    """A broker that several tests share, and the files that were made for it."""

    broker: BrokerProcess
    files: Files


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A broker whose port speaks TLS, and to which nobody does harm."""
    with tempfile.TemporaryDirectory(prefix="tg-", dir="/tmp") as name:
        files = Files(Path(name))
        with BrokerProcess(Path(name) / "data", *files.flags) as broker:
            yield Served(broker, files)


@asynccontextmanager
async def tls_peer(
    broker: BrokerProcess, context: ssl.SSLContext, *, name: str = "localhost", hasty: bool = False
) -> AsyncIterator[Peer]:
    """A peer in TLS; a hasty one hangs up without saying so."""
    raw = await trio.open_tcp_stream(broker.host, broker.port)
    async with trio.SSLStream(raw, context, server_hostname=name, https_compatible=hasty) as stream:
        yield Peer(stream)


async def end_of(stream: trio.abc.ReceiveStream) -> bytes:
    """All that comes until the other side ends the connection, which it must do in TLS too."""
    with trio.fail_after(PATIENCE_SECONDS):
        said = b""
        while piece := await stream.receive_some():
            said += piece
        return said


async def test_packets_go_over_tls_in_both_directions(served: Served) -> None:
    secure, files = served
    payload = bytes(range(256)) * 20_000
    async with tls_peer(secure, files.context()) as client, tls_peer(secure, files.context()) as worker:
        assert await client.ask(EchoReq(payload)) == EchoRes(payload)
        await worker.can_do(b"packets")
        await worker.fall_asleep()
        handle = await client.submit(b"packets", payload)
        assert await worker.hear() == Noop()
        job = await worker.take()
        assert job.payload == payload
        await worker.say(WorkComplete(job.handle, payload))
        assert await client.hear() == WorkComplete(handle, payload)


async def test_what_was_handed_in_before_a_hasty_end_is_kept(served: Served) -> None:
    secure, files = served
    async with tls_peer(secure, files.context(), hasty=True) as client:
        await client.submit_background(b"what_wa", b"x")
    async with tls_peer(secure, files.context()) as worker:
        await worker.can_do(b"what_wa")
        assert (await worker.take()).payload == b"x"


async def test_an_end_is_said_in_tls_when_the_broker_stops(secure: BrokerProcess, files: Files) -> None:
    secure.start()
    async with tls_peer(secure, files.context()) as peer:
        assert await peer.ask(GrabJob()) == NoJob()
        secure.send(signal.SIGTERM)
        assert await end_of(peer.stream) == b"", "an end without close_notify would be an error here"
    assert await trio.to_thread.run_sync(secure.wait) == 0


def test_a_peer_that_only_ends_its_side_hears_the_answer_to_what_it_asked(served: Served) -> None:
    secure, files = served
    context = files.context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection((secure.host, secure.port), PATIENCE_SECONDS) as sock:

        def step(act: Callable[[], object]) -> bytes:
            while True:
                try:
                    result = act()
                except ssl.SSLWantReadError:
                    sock.sendall(outgoing.read())
                    data = sock.recv(65_536)
                    assert data, "hung up on in the middle"
                    incoming.write(data)
                else:
                    sock.sendall(outgoing.read())
                    return result if isinstance(result, bytes) else b""

        step(tls.do_handshake)
        tls.write(b"version\r\n")
        with pytest.raises(ssl.SSLWantReadError):
            tls.unwrap()  # close_notify is behind the question, in the same write
        sock.sendall(outgoing.read())
        assert step(lambda: tls.read(100)).startswith(b"OK ")


async def test_a_renewed_certificate_is_shown_to_the_next_client(secure: BrokerProcess, files: Files) -> None:
    secure.start()
    files.renew("renewed.example")
    async with tls_peer(secure, files.context(), name="renewed.example") as peer:
        assert await peer.ask(GrabJob()) == NoJob()


async def test_a_certificate_that_breaks_leaves_the_last_one_in_force(secure: BrokerProcess, files: Files) -> None:
    secure.start()
    files.certificate.write_text("half of a certificate")
    async with tls_peer(secure, files.context()) as peer:
        assert await peer.ask(GrabJob()) == NoJob()
    secure.terminate()
    assert "The certificate that was read before stays in use" in secure.output()


async def test_a_plain_client_is_closed_with_one_line(secure: BrokerProcess) -> None:
    secure.start()
    async with open_peer((secure.host, secure.port)) as peer:
        await peer.say(GrabJob())
        await peer.is_hung_up_on()
    secure.terminate()
    (line,) = [line for line in secure.output().splitlines() if "closed 127.0.0.1" in line]
    assert line.endswith("it does not speak TLS, and this port does (--ssl); turn TLS on at that client")


async def test_a_tls_client_of_a_plain_port_is_closed_with_one_line(broker: BrokerProcess, files: Files) -> None:
    broker.start()
    with pytest.raises(trio.BrokenResourceError):
        async with tls_peer(broker, files.context()) as peer:
            await peer.say(GrabJob())
    broker.terminate()
    (line,) = [line for line in broker.output().splitlines() if "dropped 127.0.0.1" in line]
    assert "it speaks TLS, and this port does not; turn TLS off at that client, or on here (--ssl)" in line


async def test_a_handshake_must_end_in_time(secure: BrokerProcess, files: Files) -> None:
    secure.flags = (*files.flags, "--packet-timeout=0.1")
    secure.start()
    async with open_peer((secure.host, secure.port)) as peer:
        assert await peer.is_hung_up_on() == []
    secure.terminate()
    assert "closed 127.0.0.1: it did not end its TLS handshake in time" in secure.output()


async def test_older_versions_of_tls_than_1_2_are_refused(served: Served) -> None:
    secure, files = served
    old = files.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is why they are here
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(trio.BrokenResourceError):
        async with tls_peer(secure, old) as peer:
            await peer.say(GrabJob())
    newer = files.context()
    newer.maximum_version = ssl.TLSVersion.TLSv1_2
    async with tls_peer(secure, newer) as peer:
        assert await peer.ask(GrabJob()) == NoJob()


async def is_served(broker: BrokerProcess, context: ssl.SSLContext) -> bool:
    """Whether a client is answered; in TLS 1.3 it learns only then that its certificate was not wanted."""
    try:
        async with tls_peer(broker, context) as peer:
            return await peer.ask(GrabJob()) == NoJob()
    except trio.BrokenResourceError:
        return False


@pytest.mark.parametrize(
    ("whether", "without", "friend", "stranger"),
    [("none", True, True, True), ("optional", True, True, False), ("required", False, True, False)],
)
async def test_clients_show_a_certificate_as_demanded(
    whether: str, without: bool, friend: bool, stranger: bool, secure: BrokerProcess, files: Files
) -> None:
    secure.flags = (*files.flags, f"--ssl-ca-file={files.authority}", f"--ssl-verify-client={whether}")
    secure.start()
    shown = [None, files.friend, files.stranger]
    assert [await is_served(secure, files.context(each)) for each in shown] == [without, friend, stranger]
    secure.terminate()
    assert ("it showed no certificate, and --ssl-verify-client=required asks for one" in secure.output()) != without


@pytest.mark.parametrize(("authority", "why"), [(STRANGER, "issuer"), (AUTHORITY, "expired")])
async def test_of_a_certificate_that_is_not_accepted_it_is_told_why(
    authority: trustme.CA, why: str, secure: BrokerProcess, files: Files
) -> None:
    secure.flags = (*files.flags, f"--ssl-ca-file={files.authority}", "--ssl-verify-client=required")
    secure.start()
    issued = authority.issue_cert("someone.example", not_after=datetime.now(UTC) - timedelta(days=1))
    issued.private_key_and_cert_chain_pem.write_to_path(files.stranger)
    assert not await is_served(secure, files.context(files.stranger))
    secure.terminate()
    (line,) = [line for line in secure.output().splitlines() if "closed 127.0.0.1" in line]
    assert re.search(rf"the certificate that it showed is not accepted \([^)]*{why}[^)]*\); .* --ssl-ca-file", line)


def test_of_a_client_that_does_not_trust_the_broker_it_is_told(secure: BrokerProcess) -> None:
    secure.start()
    trusting_others = ssl.create_default_context()
    STRANGER.configure_trust(trusting_others)
    with (
        socket.create_connection((secure.host, secure.port), PATIENCE_SECONDS) as sock,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trusting_others.wrap_socket(sock, server_hostname="localhost")
    secure.terminate()
    (line,) = [line for line in secure.output().splitlines() if "closed 127.0.0.1" in line]
    assert "it does not accept our certificate (TLSV1_ALERT_UNKNOWN_CA); let that client" in line


def test_gearmands_variables_name_the_files(
    secure: BrokerProcess, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEARMAND_SERVER_PEM", str(files.certificate))
    monkeypatch.setenv("GEARMAND_SERVER_KEY", str(files.key))
    monkeypatch.setenv("GEARMAND_CA_CERTIFICATE", str(files.authority))
    secure.flags = ("--ssl",)
    secure.start()
    with socket.create_connection((secure.host, secure.port), PATIENCE_SECONDS) as sock:
        files.context().wrap_socket(sock, server_hostname="localhost").close()


async def test_openssls_own_client_is_served(secure: BrokerProcess, files: Files) -> None:
    require_program("openssl", "openssl")
    secure.start()
    where = f"{secure.host}:{secure.port}"
    checks = ("-CAfile", files.authority, "-servername", "localhost", "-verify_return_error", "-quiet")
    async with open_program("openssl", "s_client", "-connect", where, *checks) as client:
        await client.say("version")
        assert (await client.wait_line("OK ")).startswith("OK ")
        await client.say("status")
        await client.wait_line(".")
        secure.send(signal.SIGTERM)
        assert await client.wait() == 0
        assert "error" not in client.said


async def test_a_client_that_wants_new_keys_gets_them(served: Served) -> None:
    require_program("openssl", "openssl")
    where = f"{served.broker.host}:{served.broker.port}"
    async with open_program("openssl", "s_client", "-connect", where, "-CAfile", served.files.authority) as client:
        for word in ("version", "K", "version", "k"):
            await client.say(word)
            await client.wait_line("OK " if word == "version" else "KEYUPDATE")
        await client.say("version")
        await client.wait_line("OK ")


async def test_what_tls_itself_has_to_say_leaves_at_once(served: Served) -> None:
    require_program("openssl", "openssl")
    where = f"{served.broker.host}:{served.broker.port}"
    async with open_program("openssl", "s_client", "-tls1_2", "-connect", where) as client:
        await client.say("version")
        await client.wait_line("OK ")
        await client.say("R")  # negotiate anew, which no server needs to do
        await client.wait_line("no renegotiation")


PERL = """
use Gearman::Client; use Gearman::Worker;
my ($port, $ca, $what) = @ARGV;
my $server = {host => 'localhost', port => $port, use_ssl => 1, ca_file => $ca};
if ($what eq 'work') {
    my $worker = Gearman::Worker->new(job_servers => [$server]);
    $worker->register_function(shout => sub { uc $_[0]->arg });
    my $done = 0;
    $worker->work(on_complete => sub { $done = 1 }, stop_if => sub { $done });
} else {
    my $result = Gearman::Client->new(job_servers => [$server])->do_task(shout => 'hello');
    print $$result, "\n";
}
"""


async def test_perls_client_and_worker_meet_over_tls(served: Served) -> None:
    _require_perls_client()
    words = ("perl", "-e", PERL, str(served.broker.port), served.files.authority)
    async with open_program(*words, "work") as worker, open_program(*words, "ask") as client:
        assert await client.wait_line("HELLO") == "HELLO"
        assert (await client.wait(), await worker.wait()) == (0, 0)


def _require_perls_client() -> None:
    require_program("perl", "perl")
    if subprocess.run(["perl", "-MGearman::Client", "-MIO::Socket::SSL", "-e1"], check=False).returncode != 0:
        missing("Gearman::Client is not installed; Debian's package libgearman-client-perl has it")


def test_files_that_cannot_be_used_are_told_in_one_line(files: Files, folder: Path) -> None:
    def told(*flags: str) -> str:
        done = ended([sys.executable, "-m", "broker", "--port=0", f"--data-dir={folder}/data", "--ssl", *flags])
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        return line.removeprefix("trio-gearman: ")

    certificate, key, absent = f"--ssl-certificate={files.certificate}", f"--ssl-key={files.key}", folder / "absent.pem"
    away = f"{absent} cannot be read (No such file or directory); name a PEM file that is there"
    garbage = folder / "garbage.pem"
    garbage.write_text("no certificate")
    assert told() == "--ssl needs --ssl-certificate, the PEM file of the certificate to show to clients"
    assert told(f"--ssl-certificate={absent}") == f"--ssl-certificate: {away}"
    assert told(certificate, f"--ssl-key={absent}") == f"--ssl-key: {away}"
    assert told(certificate, key, f"--ssl-ca-file={absent}") == f"--ssl-ca-file: {away}"
    assert told(certificate).startswith(f"--ssl-certificate: {files.certificate} cannot be used (it holds no key)")
    assert told(f"--ssl-certificate={garbage}", key).startswith(
        f"--ssl-certificate: {garbage} cannot be used (it holds no certificate)"
    )
    assert told(certificate, f"--ssl-key={garbage}").startswith(
        f"--ssl-certificate: {files.certificate} cannot be used ({garbage} holds no key)"
    )
    assert told(certificate, key, f"--ssl-ca-file={garbage}").startswith(f"--ssl-ca-file: {garbage} cannot be used")
    assert told(certificate, key, "--ssl-verify-client=required").startswith("--ssl-verify-client needs --ssl-ca-file")


def test_an_encrypted_key_is_refused_and_not_asked_about_at_the_terminal(files: Files, folder: Path) -> None:
    require_program("openssl", "openssl")
    locked = folder / "locked.pem"
    words = ["openssl", "pkey", "-aes256", "-passout", "pass:x", "-in", str(files.key), "-out", str(locked)]
    subprocess.run(words, check=True, capture_output=True)
    flags = ("--ssl", f"--ssl-certificate={files.certificate}", f"--ssl-key={locked}", f"--data-dir={folder}/data")
    done = ended([sys.executable, "-m", "broker", "--port=0", *flags])
    assert done.returncode == 1
    assert f"(the key in {locked} is damaged, or locked by a password); it must be PEM" in done.stderr
    assert "and its key in --ssl-key or in the same file, without a password" in done.stderr

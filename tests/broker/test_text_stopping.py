"""shutdown and shutdown graceful: for connections from this machine alone."""

from pathlib import Path

import pytest
import trio

from broker.app import serve
from broker.settings import Settings
from broker.text.stopping import is_loopback
from protocol import WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, open_peer
from tests.broker.running import OpenRunning, Running
from tests.processes import BrokerProcess
from tests.servers import RedisServer

OK = b"OK\r\n"
PEERS = {
    "127.0.0.1": True,
    "127.8.9.1": True,
    "::1": True,
    "::ffff:127.0.0.1": True,
    "10.0.0.1": False,
    "::ffff:10.0.0.1": False,
    "fe80::1%eth0": False,
    "0.0.0.0": False,
    "in memory": False,
    "": False,
}


@pytest.mark.parametrize(("peer", "is_here"), PEERS.items(), ids=PEERS)
def test_who_is_on_this_machine(peer: str, is_here: bool) -> None:
    assert is_loopback(peer) is is_here


async def test_who_comes_from_elsewhere_is_told_no_and_the_broker_goes_on(
    one: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    admin = await one.peer()
    await admin.heard()
    (session,) = one.broker.sessions
    monkeypatch.setattr(session.transport, "peer", "192.0.2.7")
    for line in (b"shutdown", b"SHUTDOWN Graceful"):
        assert await admin.ask_in_text(line) == (
            b"ERR NOT_ALLOWED shutdown+is+granted+to+connections+from+this+machine+alone\r\n"
        )
    assert not one.broker.orders.stopping.is_set()
    assert "refused to shut down for 192.0.2.7" in caplog.text


@pytest.mark.parametrize("line", [b"shutdown now", b"shutdown graceful please"])
async def test_with_other_words_nothing_is_stopped(one: Running, line: bytes) -> None:
    reply = await (await one.peer()).ask_in_text(line)
    assert reply == b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+shutdown\r\n"
    assert not one.broker.orders.stopping.is_set()


async def test_a_served_broker_ends_by_itself(shared_server: RedisServer, tmp_path: Path) -> None:
    settings = Settings(port=0, redis=shared_server.unix_url, data_dir=tmp_path, redis_prefix="stopping")
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            (address,) = await nursery.start(lambda task_status: serve(settings, task_status=task_status))
            async with open_peer(address) as admin:
                assert await admin.ask_in_text(b"shutdown") == OK
                assert await admin.is_hung_up_on() == []


async def test_without_graceful_what_runs_goes_back_at_once(open_one: OpenRunning) -> None:
    """The block ends as its owner is told to; at a graceful stop it would wait for ever for the worker."""
    async with open_one() as other:
        async with open_one() as one:
            client, worker = await other.peer(), await one.worker(b"f")
            handle = await client.submit_background(b"f", b"x")
            assert (await worker.take()).handle == handle
            assert await worker.ask_in_text(b"shutdown") == OK
            with trio.fail_after(PATIENCE_SECONDS):
                await one.broker.orders.stopping.wait()
        again = await other.worker(b"f")
        assert (await again.grab()).handle == handle


async def test_a_shutdown_behind_a_graceful_one_waits_no_longer(open_one: OpenRunning) -> None:
    async with open_one() as one:
        worker = await one.worker(b"f")
        await worker.submit_background(b"f", b"x")
        await worker.grab()
        assert await worker.ask_in_text(b"shutdown graceful") == OK
        assert not one.broker.orders.is_leaving
        assert await worker.ask_in_text(b"shutdown") == OK
        assert one.broker.orders.is_leaving


def test_the_process_ends_with_status_0_and_takes_its_pid_file_with_it(tmp_path: Path) -> None:
    with BrokerProcess(tmp_path / "data") as process:
        trio.run(_shut_down, process)
        assert process.wait() == 0
        assert not process.log.with_suffix(".pid").exists()
        assert "asked for a shutdown by and by" in process.output()
        process.start()


async def _shut_down(process: BrokerProcess) -> None:
    async with open_peer((process.host, process.port)) as admin, open_peer((process.host, process.port)) as worker:
        await worker.can_do(b"f")
        handle = await worker.submit(b"f", b"x")
        await worker.grab()
        assert await admin.ask_in_text(b"shutdown graceful") == OK
        await worker.say(WorkComplete(handle, b"end"))
        assert await worker.is_hung_up_on() == [WorkComplete(handle, b"end")]

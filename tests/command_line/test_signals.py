"""What signals do to a broker that has work: real processes, real jobs."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from protocol import GrabJobAll, JobAssignUniq, NoJob, WorkComplete
from tests.broker.peers import PATIENCE_SECONDS, Peer, open_peer
from tests.processes import BrokerProcess
from tests.servers import RedisServer


async def refuses(broker: BrokerProcess) -> None:
    """Returns when nobody listens any more."""
    with trio.fail_after(20):
        while True:
            try:
                async with open_peer((broker.host, broker.port)):
                    pass
            except OSError:
                return


async def one_job_of_two(peer: Peer) -> JobAssignUniq:
    """Submits two background jobs, and takes the first."""
    await peer.can_do(b"f")
    await peer.submit_background(b"f", b"first")
    await peer.submit_background(b"f", b"second")
    return await peer.grab()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
async def test_term_int_and_quit_stop_at_once_and_the_job_that_ran_comes_first_again(
    number: signal.Signals, broker: BrokerProcess
) -> None:
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker:
        job = await one_job_of_two(worker)
        broker.send(number)
        assert await worker.is_hung_up_on() == []
    assert await trio.to_thread.run_sync(broker.wait) == 0
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker:
        await worker.can_do(b"f")
        assert [(await worker.take()).handle, (await worker.take()).payload] == [job.handle, b"second"]


async def test_usr1_lets_what_runs_end_and_keeps_the_rest(broker: BrokerProcess) -> None:
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker, open_peer((broker.host, broker.port)) as client:
        job = await one_job_of_two(worker)
        broker.send(signal.SIGUSR1)
        await refuses(broker)
        assert await worker.ask(GrabJobAll()) == NoJob(), "nothing new is handed out"
        await client.submit_background(b"f", b"third")
        await worker.say(WorkComplete(job.handle, b""))
        assert await client.is_hung_up_on() == []
    assert await trio.to_thread.run_sync(broker.wait) == 0
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker:
        await worker.can_do(b"f")
        assert [(await worker.take()).payload, (await worker.take()).payload] == [b"second", b"third"]


async def test_usr1_ends_at_once_when_nothing_runs(broker: BrokerProcess) -> None:
    broker.start()
    async with open_peer((broker.host, broker.port)) as idle:
        broker.send(signal.SIGUSR1)
        assert await idle.is_hung_up_on() == []
    assert await trio.to_thread.run_sync(broker.wait) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_a_graceful_end_at_once_and_gives_the_job_back(
    number: signal.Signals, broker: BrokerProcess
) -> None:
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker:
        job = await one_job_of_two(worker)
        broker.send(signal.SIGUSR1)
        await refuses(broker)
        broker.send(number)
        assert await worker.is_hung_up_on() == []
    assert await trio.to_thread.run_sync(broker.wait) == 0
    assert "waiting for what runs to end (1)" in broker.output()
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker:
        await worker.can_do(b"f")
        assert (await worker.take()).handle == job.handle


async def test_with_a_grace_time_term_waits_for_what_runs(broker: BrokerProcess) -> None:
    broker.flags = ("--grace=1000", "--verbose=NOTICE")
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker:
        job = await one_job_of_two(worker)
        broker.send(signal.SIGTERM)
        await refuses(broker)
        await worker.say(WorkComplete(job.handle, b""))
        assert await worker.is_hung_up_on() == []
    assert await trio.to_thread.run_sync(broker.wait) == 0
    assert "SIGTERM, stopping; running jobs have 1000 s to end, another signal stops at once" in broker.output()


async def test_a_grace_time_bounds_a_graceful_end_too(broker: BrokerProcess) -> None:
    broker.flags = ("--grace=0.01",)
    broker.start()
    async with open_peer((broker.host, broker.port)) as worker:
        await one_job_of_two(worker)
        broker.send(signal.SIGUSR1)
        assert await worker.is_hung_up_on() == []
    assert await trio.to_thread.run_sync(broker.wait) == 0


async def test_usr2_and_pipe_are_ignored(broker: BrokerProcess) -> None:
    broker.flags = ("--verbose=NOTICE",)
    broker.start()
    async with open_peer((broker.host, broker.port)) as peer:
        broker.send(signal.SIGPIPE)
        broker.send(signal.SIGUSR2)
        assert (await peer.ask_in_text(b"version")).startswith(b"OK ")
    assert await trio.to_thread.run_sync(broker.terminate) == 0
    assert "SIGUSR2 means nothing here and is ignored" in broker.output()


def test_term_while_redis_is_away_is_obeyed_and_told(folder: Path, make_server: Callable[..., RedisServer]) -> None:
    server = make_server()
    server.start()
    with BrokerProcess(folder / "data", "--redis", server.url) as broker:
        with socket.create_connection((broker.host, broker.port), PATIENCE_SECONDS) as admin:
            admin.sendall(b"status\r\n")
            assert admin.recv(100) == b".\n", "it is up"
            server.kill()
            admin.sendall(b"status\r\n")
            assert admin.recv(500).startswith(b"ERR STORE_UNAVAILABLE ")
        broker.send(signal.SIGTERM)
        assert broker.wait() == 0
        told = f"others will notice: cannot connect to Redis at 127.0.0.1:{server.port}: Connection refused"
        assert told in broker.output()

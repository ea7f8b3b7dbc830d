"""What a service manager such as systemd is told."""

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command_line.background import PATIENCE_SECONDS, Background
from tests.command_line.manager import Manager
from tests.command_line.several import Several, ending
from tests.command_line.test_flags import version_at
from tests.processes import BrokerProcess
from tests.servers import RedisServer


@pytest.mark.parametrize("abstract", [False, True])
def test_a_service_manager_hears_when_it_listens_and_when_it_stops(
    abstract: bool, folder: Path, broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{folder}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE_SECONDS)
        manager.bind(f"\0{path}" if abstract else path)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{path}" if abstract else path)
        broker.start()
        assert manager.recv(100) == b"READY=1\nMAINPID=%d\nSTATUS=Serves" % broker.pid
        broker.send(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert broker.wait() == 0


def test_a_service_manager_that_does_not_listen_is_not_missed(
    folder: Path, broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/nobody")
    broker.start()
    assert broker.terminate() == 0


@pytest.fixture
def manager(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """One that kills who is silent for a second."""
    with Manager(folder) as listening:
        monkeypatch.setenv("NOTIFY_SOCKET", listening.path)
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        yield listening


def test_a_watchdog_is_pinged_also_while_redis_is_away_which_is_the_status(
    folder: Path, manager: Manager, make_server: Callable[..., RedisServer]
) -> None:
    server = make_server()
    server.start()
    with BrokerProcess(folder / "data", "--redis", server.url):
        manager.hears(b"READY=1")
        assert manager.hears(b"STATUS=") == b"STATUS=Serves"
        server.kill()
        assert manager.hears(b"STATUS=").startswith(b"STATUS=Waits for the store: ")
        for _ in range(2):
            manager.hears(b"WATCHDOG=1")
        server.start()
        manager.hears(b"STATUS=Serves")


def test_a_manager_that_did_not_keep_up_hears_with_a_ping_what_it_missed(
    manager: Manager, broker: BrokerProcess
) -> None:
    manager.take_no_more()
    broker.start()
    assert version_at(broker.host, broker.port).startswith(b"OK "), "it has said by now that it is ready"
    manager.hears(b"READY=1")
    assert manager.hears(b"MAINPID=") == b"MAINPID=%d" % broker.pid
    manager.hears(b"STATUS=Serves")
    manager.take_no_more()
    broker.send(signal.SIGTERM)
    assert broker.wait() == 0


def test_a_watchdog_that_is_for_another_process_is_not_pinged(
    manager: Manager, broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_PID", "1")
    broker.start()
    manager.hears(b"READY=1")
    broker.send(signal.SIGTERM)
    assert manager.hears(b"") == b"MAINPID=%d" % broker.pid
    assert manager.hears(b"") == b"STATUS=Serves"
    assert manager.hears(b"") == b"STOPPING=1"
    assert broker.wait() == 0


def test_in_the_background_it_is_pinged_by_who_goes_on(folder: Path, manager: Manager) -> None:
    with Background(folder, "--log-file=none").started() as pid:
        manager.hears(b"READY=1")
        assert manager.hears(b"MAINPID=") == b"MAINPID=%d" % pid
        manager.hears(b"WATCHDOG=1")


def test_one_of_several_processes_that_stands_still_is_killed_and_replaced(folder: Path, manager: Manager) -> None:
    with Several(folder / "data", 2) as several:
        manager.hears(b"READY=1")
        assert manager.hears(b"STATUS=") == b"STATUS=2 of 2 processes serve"
        victim = min(several.children())
        with ending([victim]):
            os.kill(victim, signal.SIGSTOP)
        assert victim not in several.answering(instead_of=[victim])
        manager.hears(b"WATCHDOG=1")
        assert re.search(rf"process {victim} \(1 of 2\) has done nothing for [\d.]+ s: it is killed", several.output())
        manager.hears(b"STATUS=2 of 2 processes serve")

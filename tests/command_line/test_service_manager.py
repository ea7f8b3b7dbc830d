"""What a service manager such as systemd is told."""

import os
import re
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command_line.background import PATIENCE_SECONDS, Background
from tests.command_line.several import Several, ending
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
def manager(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What a service manager reads from, that kills who is silent for a second."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(PATIENCE_SECONDS)
        listening.bind(f"{folder}/notify")
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        yield listening


def hears(manager: socket.socket, what: bytes) -> bytes:
    """The next message that begins so."""
    while not (said := manager.recv(1000)).startswith(what):
        pass
    return said


def test_a_watchdog_is_pinged_also_while_redis_is_away_which_is_the_status(
    folder: Path, manager: socket.socket, make_server: Callable[..., RedisServer]
) -> None:
    server = make_server()
    server.start()
    with BrokerProcess(folder / "data", "--redis", server.url):
        hears(manager, b"READY=1")
        server.kill()
        away = hears(manager, b"STATUS=")
        assert away.startswith(b"STATUS=Waits for the store: ")
        for _ in range(2):
            hears(manager, b"WATCHDOG=1")
        server.start()
        while hears(manager, b"STATUS=") != b"STATUS=Serves":
            pass


def test_a_watchdog_that_is_for_another_process_is_not_pinged(
    manager: socket.socket, broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_PID", "1")
    broker.start()
    assert manager.recv(100).startswith(b"READY=1")
    broker.send(signal.SIGTERM)
    assert manager.recv(100) == b"STOPPING=1"
    assert broker.wait() == 0


def test_in_the_background_it_is_pinged_by_who_goes_on(folder: Path, manager: socket.socket) -> None:
    with Background(folder, "--log-file=none").started() as pid:
        assert hears(manager, b"READY=1").startswith(b"READY=1\nMAINPID=%d\n" % pid)
        hears(manager, b"WATCHDOG=1")


def test_one_of_several_processes_that_stands_still_is_killed_and_replaced(
    folder: Path, manager: socket.socket
) -> None:
    with Several(folder / "data", 2) as several:
        assert b"STATUS=2 of 2 processes serve" in hears(manager, b"READY=1")
        victim = min(several.children())
        with ending([victim]):
            os.kill(victim, signal.SIGSTOP)
        assert victim not in several.answering(instead_of=[victim])
        hears(manager, b"WATCHDOG=1")
        assert re.search(rf"process {victim} \(1 of 2\) has done nothing for [\d.]+ s: it is killed", several.output())
        while hears(manager, b"STATUS=") != b"STATUS=2 of 2 processes serve":
            pass

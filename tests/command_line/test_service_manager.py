"""What a service manager such as systemd is told."""

import signal
import socket
from pathlib import Path

import pytest

from tests.command_line.background import PATIENCE_SECONDS
from tests.processes import BrokerProcess


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
        assert manager.recv(100) == b"READY=1\nMAINPID=%d" % broker.pid
        broker.send(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert broker.wait() == 0


def test_a_service_manager_that_does_not_listen_is_not_missed(
    folder: Path, broker: BrokerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/nobody")
    broker.start()
    assert broker.terminate() == 0

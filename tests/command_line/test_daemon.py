"""--daemon: the command returns when the broker listens, and says itself why it does not."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.command_line.background import PATIENCE_SECONDS, Background, end, ended
from tests.log_lines import wait_for_line
from tests.persistence.embedded_homes import lives


def answers(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as peer:
        peer.sendall(b"version\r\n")
        return peer.recv(100).startswith(b"OK ")


def test_the_command_returns_when_the_broker_listens(folder: Path) -> None:
    background = Background(folder, "--log-file=none")
    with background.started() as pid:
        assert answers(background.port)
        assert background.pid_file.read_text() == f"{pid}\n"
    assert not background.pid_file.exists()
    assert not lives(background.data_dir)


def test_it_leaves_the_terminal_but_not_the_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with Background(folder, "--log-file=log").started() as pid:
        assert os.getsid(pid) == pid
        assert {Path(f"/proc/{pid}/fd/{number}").readlink() for number in range(3)} == {Path(os.devnull)}
        assert (folder / "log").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_each_signal_that_ends_a_broker_ends_this_one(number: signal.Signals, folder: Path) -> None:
    background = Background(folder, "--log-file=none")
    with background.started(then=number):
        pass
    assert not background.pid_file.exists()


def test_why_it_cannot_start_is_told_where_it_was_started(folder: Path) -> None:
    background = Background(folder, "--log-file=none")
    with socket.create_server(("127.0.0.1", background.port)):
        done = background.start()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"trio-gearman: cannot listen on 127.0.0.1 port {background.port}: Address already in use; "
        "perhaps gearmand or another broker runs there: stop it, or choose another --port\n"
    )
    assert not background.pid_file.exists()


def test_wrong_flags_are_told_before_anything_is_started(folder: Path) -> None:
    done = Background(folder, "--grace=soon").start()
    assert done.returncode == 1
    assert done.stderr == "trio-gearman: --grace: 'soon' is wrong; give a number of seconds from 0, such as 0.5 or 10\n"


def test_a_log_on_stderr_would_end_there_which_is_told(folder: Path) -> None:
    background = Background(folder)
    done = background.start()
    try:
        assert done.returncode == 0
        assert done.stderr == (
            "trio-gearman: --daemon: stderr ends when the broker listens, and the log with it; "
            "give --log-file or --syslog\n"
        )
    finally:
        end(background.pid)


def test_closed_descriptors_are_not_taken_for_the_terminal(folder: Path) -> None:
    background = Background(folder, "--log-file=none")
    words = " ".join(background.words)
    assert ended(["sh", "-c", f"exec {sys.executable} -m broker {words} <&- >&- 2>&-"]).returncode == 0
    try:
        assert answers(background.port)
    finally:
        end(background.pid)


def test_hup_opens_the_log_again_in_the_background_too(folder: Path) -> None:
    log, moved = folder / "log", folder / "log.1"
    background = Background(folder, f"--log-file={log}", "--verbose=NOTICE")
    with background.started() as pid:
        log.rename(moved)
        os.kill(pid, signal.SIGHUP)
        # Of two signals that follow each other at once the second may be seen first.
        wait_for_line(log, "log file opened")
    assert "Listening on" in moved.read_text()
    assert moved.read_text().splitlines()[-1].endswith("SIGHUP, reopening log file")
    assert "SIGTERM, stopping" in log.read_text()


def test_two_on_one_data_directory_share_its_store_and_keep_their_own_pid_files(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    first, second = Background(folder, "--log-file=none"), Background(folder, "--log-file=none", pid=elsewhere)
    with first.started():
        with second.started():
            assert answers(first.port)
            assert answers(second.port)
        assert not second.pid_file.exists()
        assert first.pid_file.exists()
        assert answers(first.port)
        assert lives(first.data_dir)
    assert not lives(first.data_dir)


def test_a_second_instance_takes_the_pid_file_and_the_first_does_not_remove_it(folder: Path) -> None:
    first, second = Background(folder, "--log-file=none"), Background(folder, "--log-file=none")
    assert first.start().returncode == 0
    older = first.pid
    with second.started() as newer:
        assert newer != older
        end(older)
        assert second.pid == newer
    assert not second.pid_file.exists()

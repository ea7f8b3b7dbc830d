"""--syslog: lines in the system's log, by a real datagram socket, and nobody waits for whoever reads it."""

import logging
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker.logs import LEVELS, Log
from broker.syslog import DEV_LOG, SyslogHandler
from tests.command_line.background import PATIENCE_SECONDS, Background, end
from tests.programs import missing

LOG = logging.getLogger("broker.session")


@contextmanager
def syslog_daemon(path: Path) -> Iterator[socket.socket]:
    """Somebody who reads what comes to a socket of that path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.settimeout(PATIENCE_SECONDS)
        daemon.bind(str(path))
        try:
            yield daemon
        finally:
            path.unlink()


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("FATAL", 2),
        ("ALERT", 1),
        ("CRITICAL", 2),
        ("ERROR", 3),
        ("WARNING", 4),
        ("NOTICE", 5),
        ("INFO", 6),
        ("DEBUG", 7),
    ],
)
def test_a_line_has_its_severity_and_says_who_speaks(name: str, severity: int, folder: Path) -> None:
    with syslog_daemon(folder / "log") as daemon, Log("none", "DEBUG", SyslogHandler("us", str(folder / "log"))):
        LOG.log(LEVELS[name], "%s jobs\nmore", 3)
        line = daemon.recv(10_000).decode()
    assert line == f"<{3 * 8 + severity}>us[{os.getpid()}]: {name} [ broker.session ] 3 jobs\\x0amore"


def test_a_daemon_that_starts_anew_is_found_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "log"
    with Log("none", "INFO", SyslogHandler("us", str(path))):
        LOG.info("nobody hears this")
        for _ in range(2):
            with syslog_daemon(path) as daemon:
                LOG.info("heard")
                assert daemon.recv(10_000).endswith(b"heard")
    assert capsys.readouterr().err == (
        f"trio-gearman: --syslog: {path} takes no lines (No such file or directory); they are lost until it does: "
        "start a syslog daemon, or use --log-file\n"
    )


def test_a_daemon_that_does_not_read_holds_up_nobody(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with syslog_daemon(folder / "log") as daemon, Log("none", "INFO", SyslogHandler("us", str(folder / "log"))):
        for number in range(10_000):
            LOG.info("line %d %s", number, "x" * 100)
        assert daemon.recv(10_000).endswith(b"x")
    (told,) = capsys.readouterr().err.splitlines()
    assert "takes no lines (Resource temporarily unavailable)" in told


@contextmanager
def system_log(folder: Path) -> Iterator[tuple[socket.socket, list[str]]]:
    """The system's log: a socket at /dev/log, and the words that start a program which sees it there.

    Where no daemon has made one, it is made; else one is mounted over it, for that program alone.
    """
    try:
        with syslog_daemon(Path(DEV_LOG)) as daemon:
            yield daemon, []
            return
    except PermissionError:
        missing(f"only root may make {DEV_LOG}; run this test as root")
    except OSError:
        pass
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        pytest.skip(f"there is a {DEV_LOG}, and nothing may be mounted over it here")
    with syslog_daemon(folder / "devlog") as daemon:
        script = f'mount --bind {folder}/devlog {DEV_LOG} && exec "$@"'
        yield daemon, ["unshare", "-m", "sh", "-c", script, "sh"]


def test_a_broker_logs_to_the_system_in_the_background_too(folder: Path) -> None:
    background = Background(folder, "--syslog", "--log-file=none", "--verbose=NOTICE")
    with system_log(folder) as (daemon, before):
        done = background.start((*before, sys.executable, "-m", "broker"))
        assert (done.returncode, done.stderr) == (0, "")
        pid = background.pid
        end(pid)
        lines = [daemon.recv(10_000).decode() for _ in range(2)]
    assert lines[0].startswith(f"<29>trio-gearman[{pid}]: NOTICE [ broker.announcing ] trio-gearman ")
    assert lines[0].endswith(f"Listening on 127.0.0.1:{background.port}")
    assert lines[1] == f"<29>trio-gearman[{pid}]: NOTICE [ broker.signals ] SIGTERM, stopping"


def test_without_a_system_log_a_broker_starts_and_says_so(folder: Path) -> None:
    if Path(DEV_LOG).exists():
        pytest.skip(f"there is a {DEV_LOG} here")
    background = Background(folder, "--syslog", "--log-file=none", "--verbose=NOTICE")
    done = background.start()
    end(background.pid)
    assert done.returncode == 0
    assert "--syslog: /dev/log takes no lines (No such file or directory)" in done.stderr

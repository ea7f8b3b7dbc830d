"""The process around a broker: signals, pid file, log, exit status. Real processes, a stand-in inside."""

import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.log_lines import wait_for_line
from tests.programs import Program, open_program


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("GEARMAND_", "TRIO_GEARMAN_")):
            monkeypatch.delenv(name)


class Running:
    """A stand-in that has said where it listens."""

    def __init__(self, program: Program, pid_file: Path) -> None:
        self.program = program
        self.pid_file = pid_file
        self.pid = int(pid_file.read_text())

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)


@asynccontextmanager
async def standing_in(directory: Path, character: str, *flags: str) -> AsyncIterator[Running]:
    pid_file = directory / "pid"
    words = ("--port=0", f"--pid-file={pid_file}", *flags)
    async with open_program(sys.executable, "-m", "tests.broker.standin", character, *words) as program:
        await program.wait_line("Send it a job")
        yield Running(program, pid_file)


async def ends(character: str, *flags: str) -> tuple[int, list[str]]:
    """Exit status and lines of one that ends by itself."""
    async with open_program(sys.executable, "-m", "tests.broker.standin", character, *flags) as program:
        status = await program.wait()
        return status, program.lines


async def test_three_lines_say_where_it_listens_where_data_is_and_how_to_send_a_job(tmp_path: Path) -> None:
    async with standing_in(tmp_path, "plain", "--listen=127.0.0.1") as running:
        where, data, how = running.program.lines
        listening = re.fullmatch(r"Listening on 127\.0\.0\.1:(\d+)", where)
        assert listening
        assert data == "Data in the memory of a stand-in"
        assert f"gearman -h 127.0.0.1 -p {listening[1]} -b -f sendEmail" in how
        socket.create_connection(("127.0.0.1", int(listening[1]))).close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_term_and_int_stop_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    async with standing_in(tmp_path, "plain") as running:
        running.send(number)
        assert await running.program.wait() == 0
        assert running.program.lines[3:] == ["stopped cleanly"]
        assert not running.pid_file.exists()


async def test_a_second_signal_stops_at_once_one_that_takes_its_time(tmp_path: Path) -> None:
    async with standing_in(tmp_path, "never_down") as running:
        running.send(signal.SIGTERM)
        await running.program.wait_line("stopping")
        assert running.pid_file.exists(), "it has not stopped yet"
        running.send(signal.SIGINT)
        assert await running.program.wait() == 0
        assert not running.pid_file.exists()


async def test_a_signal_stops_one_that_still_waits_for_its_store() -> None:
    async with open_program(sys.executable, "-m", "tests.broker.standin", "never_up") as program:
        line = await program.wait_line("starting")
        os.kill(int(line.split()[1]), signal.SIGTERM)
        assert await program.wait() == 0


async def test_hup_opens_the_log_file_again(tmp_path: Path) -> None:
    log, moved = tmp_path / "log", tmp_path / "log.1"
    async with standing_in(tmp_path, "plain", f"--log-file={log}", "--verbose=NOTICE") as running:
        log.rename(moved)
        running.send(signal.SIGHUP)
        # Of two signals that follow each other at once the second may be seen first.
        await trio.to_thread.run_sync(wait_for_line, log, "log file opened")
        running.send(signal.SIGTERM)
        assert await running.program.wait() == 0
    assert "Listening on 127.0.0.1" in moved.read_text()
    stopping, stopped = log.read_text().splitlines()[-2:]
    assert stopping.endswith("SIGTERM, stopping")
    assert stopped.endswith(" stopped")
    assert "SIGTERM" not in moved.read_text()


async def test_hup_without_a_log_file_does_no_harm(tmp_path: Path) -> None:
    async with standing_in(tmp_path, "plain") as running:
        running.send(signal.SIGHUP)
        running.send(signal.SIGTERM)
        assert await running.program.wait() == 0
        assert running.program.lines[3:] == ["stopped cleanly"]


async def test_another_instance_keeps_its_pid_file(tmp_path: Path) -> None:
    async with standing_in(tmp_path, "plain") as first, standing_in(tmp_path, "plain") as second:
        first.send(signal.SIGTERM)
        assert await first.program.wait() == 0
        assert int(second.pid_file.read_text()) == second.pid


async def test_a_busy_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert await ends("plain", f"--port={port}") == (
            1,
            [
                f"trio-gearman: cannot listen on 127.0.0.1 port {port}: Address already in use; "
                "perhaps gearmand or another broker runs there: stop it, or choose another --port"
            ],
        )


async def test_an_address_of_another_machine_is_told_in_one_line() -> None:
    status, (line,) = await ends("plain", "--port=0", "--listen=192.0.2.1")
    assert status == 1
    assert line.startswith("trio-gearman: cannot listen on 192.0.2.1 port 0: ")
    assert line.endswith("; give an address of this machine to --listen")


async def test_a_name_that_means_nothing_is_told_in_one_line() -> None:
    status, (line,) = await ends("plain", "--port=0", "--listen=no-such-host.invalid")
    assert status == 1
    assert line.startswith("trio-gearman: cannot listen on 'no-such-host.invalid': ")
    assert line.endswith("; give an address or a name of this machine to --listen")


async def test_who_cannot_write_its_pid_file_stops_cleanly_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "pid"
    status, lines = await ends("plain", "--port=0", f"--pid-file={path}")
    assert status == 1
    assert lines == [
        "stopped cleanly",  # it has said goodbye, so nobody takes it for lost
        f"trio-gearman: --pid-file: {path} cannot be written (No such file or directory); "
        "name a place that this user may write",
    ]


async def test_a_store_that_cannot_be_opened_is_told_in_one_line_and_in_the_log_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    told = "--data-dir: /x is not yours; take another"
    assert await ends("without_store", f"--log-file={log}") == (1, [f"trio-gearman: {told}"])
    assert log.read_text().rstrip().endswith(f"] {told}")


@pytest.mark.parametrize("descriptors", [2**62, 2**64])
async def test_more_descriptors_than_the_system_has_are_told_in_one_line(descriptors: int) -> None:
    status, (line,) = await ends("plain", "--port=0", f"--file-descriptors={descriptors}")
    assert status == 1
    assert line.startswith(f"trio-gearman: --file-descriptors: {descriptors} is more than this user may have")


async def test_a_defect_while_serving_is_told_with_its_traceback_also_in_the_log_file(tmp_path: Path) -> None:
    log = tmp_path / "log"
    status, lines = await ends("defective", "--port=0", f"--log-file={log}")
    assert status == 1
    assert any("Traceback" in line for line in lines)
    assert "the defect" in log.read_text()
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("stdout", ["1>&-", "1>/dev/full"])
async def test_a_stdout_that_takes_no_lines_does_not_end_it(stdout: str, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    words = f"-m tests.broker.standin plain --port=0 --pid-file={pid_file} --verbose=NOTICE"
    async with open_program("sh", "-c", f"exec {sys.executable} {words} 2>&1 {stdout}") as program:
        await program.wait_line("Listening on")
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
        assert await program.wait() == 0

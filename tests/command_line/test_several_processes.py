"""--processes: several brokers on one port, and the supervisor that keeps them."""

import os
import re
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from protocol import JobAssignUniq, WorkComplete
from tests.broker.peers import Peer, open_peer
from tests.command_line.background import Background, end, ended
from tests.command_line.several import PATIENCE_SECONDS, Several, answered_by, children_of, ending, kill
from tests.command_line.test_tls import Files
from tests.log_lines import wait_for_line
from tests.persistence.embedded_homes import lives
from tests.ports import private_port
from tests.processes import BrokerProcess
from tests.servers import RedisServer

BROKER = [sys.executable, "-m", "broker"]


@pytest.fixture
def several(folder: Path) -> Iterator[Several]:
    """Two processes on an embedded store, not started yet."""
    process = Several(folder / "data", 2)
    yield process
    process.clean_up()


def said(peer: socket.socket, line: bytes) -> bytes:
    peer.sendall(line + b"\r\n")
    return peer.recv(1000)


def closed(peer: socket.socket) -> bool:
    try:
        return peer.recv(100) == b""
    except ConnectionResetError:
        return True


async def one_job(peer: Peer) -> JobAssignUniq:
    await peer.can_do(b"f")
    await peer.submit_background(b"f", b"x")
    return await peer.take()


def test_all_answer_on_one_port_share_their_jobs_and_stop_together(several: Several) -> None:
    several.start()
    children = several.children()
    assert len(children) == 2
    assert several.pid not in children
    assert several.answering() == children
    first, second = sorted(children)
    with several.connect(first) as one, several.connect(second) as other:
        assert said(one, b"create function f") == b"OK\r\n"
        assert said(other, b"status") == b"f\t0\t0\t0\n.\n"
    with ending(children):
        assert several.terminate() == 0
    output = several.output()
    assert output.count("Listening on") == 2, "on stdout, and in the log"
    assert "the next one starts" not in output
    assert not several.log.with_suffix(".pid").exists()
    assert not lives(several.data_dir)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1])
def test_each_signal_that_ends_a_broker_ends_all(number: signal.Signals, several: Several) -> None:
    several.start()
    with ending(several.children()):
        several.send(number)
        assert several.wait() == 0
    assert not lives(several.data_dir)


async def test_one_that_is_killed_is_replaced_and_its_job_comes_back(several: Several) -> None:
    several.start()
    before = several.children()
    async with open_peer((several.host, several.port)) as worker:
        job = await one_job(worker)
        victim = int((await worker.ask_in_text(b"getpid")).split()[1])
        os.kill(victim, signal.SIGKILL)
        await worker.is_hung_up_on()
    after = await trio.to_thread.run_sync(lambda: several.answering(instead_of=[victim]))
    assert len(after - before) == 1
    async with open_peer((several.host, several.port)) as worker:
        await worker.can_do(b"f")
        assert (await worker.take()).handle == job.handle
        await worker.say(WorkComplete(job.handle, b""))
    assert re.search(
        rf"process {victim} \(\d of 2\) was killed by SIGKILL; the next one starts in 0\.0\d s", several.output()
    )
    assert await trio.to_thread.run_sync(several.terminate) == 0


def test_one_that_dies_again_and_again_is_started_more_and_more_slowly(several: Several) -> None:
    several.start()
    steady, victim = sorted(several.children())
    for number in range(3):
        kill(victim)
        (victim,) = several.answering(instead_of=[victim]) - {steady}
        wait_for_line(several.log, f"process {victim} (")
        assert several.output().count("the next one starts in") == number + 1
    pauses = [float(seconds) for seconds in re.findall(r"the next one starts in ([\d.]+) s", several.output())]
    for seconds, most in zip(pauses, (0.05, 0.1, 0.2), strict=True):
        assert most / 2 - 0.01 <= seconds <= most + 0.01


def test_the_others_serve_on_when_the_system_has_no_room_for_a_new_one(several: Several) -> None:
    several.start()
    victim, other = sorted(several.children())
    before = resource.prlimit(several.pid, resource.RLIMIT_NOFILE)
    with several.connect(other) as peer:
        resource.prlimit(several.pid, resource.RLIMIT_NOFILE, (3, before[1]))
        kill(victim)
        wait_for_line(several.log, "a new process cannot start (Too many open files")
        assert said(peer, b"getpid") == b"OK %d\n" % other
        resource.prlimit(several.pid, resource.RLIMIT_NOFILE, before)
        assert other in several.answering(instead_of=[victim])
    assert several.terminate() == 0
    assert several.output().count("a new process cannot start") == 1
    assert not several.log.with_suffix(".pid").exists()


def test_one_that_is_told_to_end_ends_cleanly_and_is_replaced(several: Several) -> None:
    several.start()
    victim = min(several.children())
    with several.connect(victim) as peer:
        os.kill(victim, signal.SIGTERM)
        assert closed(peer)
    assert victim not in several.answering(instead_of=[victim])
    assert f"process {victim} (1 of 2) has ended with status 0; the next one starts" in several.output()


def test_when_the_supervisor_is_killed_the_others_stop_cleanly(several: Several) -> None:
    several.start()
    with ending(several.children()):
        several.kill9()
    assert not lives(several.data_dir), "the last of them stopped the store"
    assert several.output().count("the supervisor is gone: this process stops, too") == 2
    several.start()
    assert several.terminate() == 0


@pytest.mark.parametrize("words", [b"shutdown", b"shutdown graceful"])
def test_a_shutdown_asked_of_one_stops_all(words: bytes, several: Several) -> None:
    several.start()
    children = several.children()
    with ending(children), several.connect(max(children)) as peer:
        assert said(peer, words) == b"OK\r\n"
        assert several.wait() == 0


async def test_a_second_signal_waits_no_longer_for_what_runs(several: Several) -> None:
    several.flags += ("--grace=1000",)
    several.start()
    async with open_peer((several.host, several.port)) as worker:
        job = await one_job(worker)
        several.send(signal.SIGTERM)
        await trio.to_thread.run_sync(wait_for_line, several.log, "waiting for what runs to end (1)")
        several.send(signal.SIGTERM)
        assert await worker.is_hung_up_on() == []
    assert await trio.to_thread.run_sync(several.wait) == 0
    several.start()
    async with open_peer((several.host, several.port)) as worker:
        await worker.can_do(b"f")
        assert (await worker.take()).handle == job.handle


def test_hup_opens_the_log_again_in_all_of_them(folder: Path, several: Several) -> None:
    log, moved = folder / "log", folder / "log.1"
    several.flags += (f"--log-file={log}",)
    several.start()
    log.rename(moved)
    several.send(signal.SIGHUP)
    for pid in (several.pid, *several.children()):
        wait_for_line(log, f"[ broker.logs, process {pid} ] log file opened")
    several.send(signal.SIGUSR2)
    for pid in several.children():
        wait_for_line(log, f"process {pid} ] SIGUSR2 means nothing here and is ignored")
    assert several.terminate() == 0


def test_a_port_that_is_taken_is_told_once(folder: Path) -> None:
    with BrokerProcess(folder / "other") as other:
        done = ended([*BROKER, "--processes=3", f"--port={other.port}", f"--data-dir={folder}/data"])
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"trio-gearman: cannot listen on 127.0.0.1 port {other.port}: Address already in use; "
            "perhaps gearmand or another broker runs there: stop it, or choose another --port\n"
        )


def test_another_command_does_not_share_the_port(several: Several, folder: Path) -> None:
    several.start()
    for processes in (1, 2):
        done = ended([*BROKER, f"--processes={processes}", f"--port={several.port}", f"--data-dir={folder}/other"])
        assert done.returncode == 1
        assert "Address already in use" in done.stderr


def test_what_keeps_all_of_them_from_starting_is_told_once(folder: Path) -> None:
    nobody = private_port()
    redis = f"redis://127.0.0.1:{nobody}?socket_connect_timeout=0.1"
    words = ["--processes=3", "--port=0", f"--data-dir={folder}/data", f"--redis={redis}", "--verbose=ERROR"]
    done = ended([*BROKER, *words])
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"trio-gearman: cannot connect to Redis at 127.0.0.1:{nobody}: Connection refused")


def test_a_pid_file_that_cannot_be_written_stops_them_all(folder: Path) -> None:
    path = folder / "absent" / "pid"
    done = ended([*BROKER, "--processes=2", "--port=0", f"--data-dir={folder}/data", f"--pid-file={path}"])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"trio-gearman: --pid-file: {path} cannot be written")
    assert not lives(folder / "data")


def test_what_their_redis_may_lose_is_told_by_one_of_them(
    folder: Path, make_server: Callable[..., RedisServer]
) -> None:
    server = make_server()
    server.start()
    with Several(folder / "data", 3, "--redis", server.url) as several:
        assert several.output().count("may lose jobs: it has no append-only file") == 1


def test_one_that_finds_no_redis_is_tried_again_until_it_is_back_and_told_once(
    folder: Path, make_server: Callable[..., RedisServer]
) -> None:
    server = make_server()
    server.start()
    several = Several(folder / "data", 2, "--redis", f"{server.url}?socket_connect_timeout=1")
    with several:
        victim = min(several.children())
        server.kill()
        kill(victim)
        wait_for_line(several.log, "a new process cannot start (cannot connect to Redis at")
        server.start()
        wait_for_line(several.log, "(1 of 2) listens")
        assert victim not in several.answering(instead_of=[victim])
    assert several.output().count("a new process cannot start") == 1


def test_in_the_background_the_pid_file_names_the_supervisor(folder: Path) -> None:
    background = Background(folder, "--log-file=none", "--processes=2")
    with (
        background.started() as pid,
        socket.create_connection(("127.0.0.1", background.port), PATIENCE_SECONDS) as peer,
    ):
        child = answered_by(peer)
        assert child != pid
        assert os.getsid(child) == os.getsid(pid) == pid
    assert not background.pid_file.exists()
    assert not lives(background.data_dir)


def test_in_the_background_too_the_others_stop_without_their_supervisor(folder: Path) -> None:
    background = Background(folder, "--log-file=none", "--processes=2")
    assert background.start().returncode == 0
    with ending(children_of(background.pid)):
        end(background.pid, signal.SIGKILL)
    assert not lives(background.data_dir)


def test_on_a_free_port_all_take_the_same(folder: Path) -> None:
    background = Background(folder, "--log-file=none", "--processes=2", "--port=0")
    background.words = tuple(word for word in background.words if word != f"--port={background.port}")
    with background.started() as pid:
        assert len({_listening_port(child) for child in children_of(pid)}) == 1


def _listening_port(pid: int) -> int:
    """The port that a process listens on (proc(5): state 0A is LISTEN), which has one such socket."""
    inodes = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    (port,) = {row[1].split(":")[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}
    return int(port, 16)


def test_tls_is_served_by_all_of_them(folder: Path) -> None:
    files = Files(folder)
    with Several(folder / "data", 2, *files.flags) as several:
        found = set[int]()
        while len(found) < 2:
            plain = socket.create_connection((several.host, several.port), PATIENCE_SECONDS)
            with files.context().wrap_socket(plain, server_hostname="localhost") as peer:
                found.add(answered_by(peer))
        assert found == several.children()


def test_a_service_manager_hears_of_the_supervisor_alone(
    folder: Path, several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(PATIENCE_SECONDS)
        manager.bind(f"{folder}/notify")
        monkeypatch.setenv("NOTIFY_SOCKET", f"{folder}/notify")
        several.start()
        assert manager.recv(100) == b"READY=1\nMAINPID=%d\nSTATUS=2 of 2 processes serve" % several.pid
        victim = min(several.children())
        kill(victim)
        several.answering(instead_of=[victim])
        assert manager.recv(100) == b"STATUS=1 of 2 processes serve"
        assert manager.recv(100) == b"STATUS=2 of 2 processes serve"
        several.send(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert several.wait() == 0
        manager.setblocking(False)
        with pytest.raises(BlockingIOError):
            manager.recv(100)


def test_a_system_that_shares_no_ports_is_told_so() -> None:
    without = "import runpy, socket; del socket.SO_REUSEPORT; runpy.run_module('broker', run_name='__main__')"
    done = ended([BROKER[0], "-c", without, "--processes=2"])
    assert done.returncode == 1
    assert done.stderr == (
        "trio-gearman: --processes: '2' is wrong; give a number from 1 to 256; above 1 the system must let "
        "processes share a port (SO_REUSEPORT)\n"
    )

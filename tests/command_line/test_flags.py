"""gearmand's command lines on the real process: what each flag does can be seen from outside."""

import socket
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from broker.binding import bind, listen, resolve
from broker.listening import prepare
from broker.settings import Settings
from protocol import CanDo, GrabJob, JobAssign, JobCreated, SubmitJob, SubmitJobEpoch, WorkException
from tests.broker.peers import PATIENCE_SECONDS, open_peer
from tests.command_line.background import Background, end, ended
from tests.ports import private_port
from tests.processes import GEARMAND as DEBIANS_GEARMAND
from tests.processes import BrokerProcess
from tests.programs import missing
from tests.servers import AOF, RedisServer

SCRIPTS = Path(sysconfig.get_path("scripts"))
GEARMAND = SCRIPTS / "gearmand"
UNIT = Path("/lib/systemd/system/gearman-job-server.service")
DEFAULTS = Path("/etc/default/gearman-job-server")


def version_at(address: str, port: int) -> bytes:
    """What whoever listens there calls itself."""
    with socket.create_connection((address, port), PATIENCE_SECONDS) as peer:
        peer.sendall(b"version\r\n")
        return peer.recv(100)


def limit_of_files(pid: int) -> list[str]:
    """The soft and the hard limit of open files of a process."""
    (line,) = [
        line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max open files")
    ]
    return line.split()[3:5]


def words_of_debians_unit(folder: Path) -> list[str]:
    """What its unit starts gearmand with, as shipped, but for the program, and with the directories of the test."""
    if not UNIT.exists():
        missing(f"{UNIT} is not there; Debian's package gearman-job-server has it")
    (start,) = (line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart="))
    program, *words, last = start.removeprefix("ExecStart=").split()
    assert (program, last) == (DEBIANS_GEARMAND, "$PARAMS")
    params = subprocess.run(
        ["/bin/sh", "-c", f". {DEFAULTS}; echo $PARAMS"], capture_output=True, text=True, check=True
    )
    words += params.stdout.split()
    assert len(words) > 3
    return [
        word.replace("/run/gearman/", f"{folder}/").replace("/var/log/gearman-job-server/", f"{folder}/")
        for word in words
    ]


@pytest.mark.parametrize("store", ["its own", "redis"])
def test_the_command_line_of_debians_unit_starts_it_by_the_name_of_gearmand(
    folder: Path, redis_server: RedisServer, store: str
) -> None:
    background = Background(folder)
    background.pid_file, log = folder / "gearmand.pid", folder / "gearmand.log"
    background.words = (*words_of_debians_unit(folder),)
    if store == "redis":
        background.words += ("-q", "redis", "--redis-server", "127.0.0.1", "--redis-port", str(redis_server.port))
    given = {"GEARMAND_PORT": str(background.port), "STATE_DIRECTORY": str(folder / "data")}
    done = background.start((str(GEARMAND),), **given)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    try:
        assert version_at("localhost", background.port).startswith(b"OK ")
        assert (folder / "data" / "store.sock").exists() == (store == "its own")
    finally:
        end(background.pid)
    warnings = log.read_text().splitlines()
    assert [line for line in warnings if store != "redis" or "may lose jobs" not in line] == []
    assert not background.pid_file.exists()


def test_by_the_name_of_gearmand_it_listens_everywhere_and_says_so(folder: Path) -> None:
    background = Background(folder, "--log-file", str(folder / "log"))
    assert background.start((str(GEARMAND),)).returncode == 0
    try:
        for address in ("127.0.0.1", "127.0.0.9", *(["::1"] if socket.has_ipv6 and _has_loopback_6() else [])):
            assert version_at(address, background.port).startswith(b"OK ")
    finally:
        end(background.pid)
    assert "listening on every address of this machine, as gearmand does" in (folder / "log").read_text()


def _has_loopback_6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_long_command_line_is_taken_and_idle_flags_are_told_once_in_the_log(folder: Path) -> None:
    log, config = folder / "log", folder / "conf"
    config.write_text("# ours\n--backlog=64 -t 8\n--hashtable-buckets 1733003\nport=1\n")
    words = ["--verbose", "INFO", "-l", str(log), "-f", "512", "-j", "3", "-w1", "-R", "--keepalive", "--coredump"]
    background = Background(folder, *words, "--keepalive-idle=60", "-q", "builtin", f"--config-file={config}")
    with background.started() as pid:
        assert limit_of_files(pid)[0] == "512"
    lines = log.read_text().splitlines()
    idle = (
        "--coredump has no effect",
        f"{config}:2: -t has no effect",
        f"{config}:3: --hashtable-buckets has no effect",
    )
    for told in (*idle, f"{config}:4: 'port=1' is a stray word", "-q: builtin is here the broker's own store"):
        assert sum(told in line for line in lines) == 1, told
    assert lines[0].startswith("WARNING 2")


async def test_each_accepted_job_has_the_line_that_gearmand_writes(broker: BrokerProcess) -> None:
    broker.flags = ("--verbose=NOTICE",)
    broker.start()
    async with open_peer((broker.host, broker.port)) as client:
        await client.submit_background(b"mail", b"x", b"order 7")
        await client.submit_background(b"mail", b"x", b"-")
        await client.say(SubmitJobEpoch(b"mail", b"", 4102444800, b"x"))
        await client.expect(JobCreated)
    lines = [line.partition("] ")[2] for line in broker.output().splitlines() if "accepted," in line]
    assert lines == ["accepted,mail,order 7,0", "accepted,mail,-,0", "accepted,mail,,4102444800"]


def test_gearmands_variable_replaces_the_default_port_alone(folder: Path) -> None:
    background = Background(folder, "--log-file=none")
    explicit, other = background.port, private_port()
    background.words = tuple(word for word in background.words if not word.startswith("--port"))
    for words, port in (((), other), ((f"-p{explicit}",), explicit)):
        assert (
            ended([sys.executable, "-m", "broker", *background.words, *words], GEARMAND_PORT=str(other)).returncode == 0
        )
        try:
            assert version_at("127.0.0.1", port).startswith(b"OK ")
        finally:
            end(background.pid)


async def test_handles_begin_with_the_prefix_and_stay_below_64_bytes(broker: BrokerProcess) -> None:
    prefix = "x" * 63
    broker.flags = (f"--job-handle-prefix={prefix}",)
    broker.start()
    async with open_peer((broker.host, broker.port)) as client:
        handles = {await client.submit_background(b"f", b"x") for _ in range(3)}
    assert len(handles) == 3
    assert all(len(handle) <= 63 and handle.startswith(b"xxxxx") for handle in handles)


def test_a_longer_prefix_is_refused() -> None:
    done = ended([sys.executable, "-m", "broker", "--job-handle-prefix", "x" * 64])
    assert done.returncode == 1
    assert done.stderr.endswith("is wrong; give 1 to 63 visible ASCII characters\n")


async def test_exceptions_go_to_clients_that_did_not_ask_for_them(broker: BrokerProcess) -> None:
    broker.flags = ("--exceptions",)
    broker.start()
    async with open_peer((broker.host, broker.port)) as client, open_peer((broker.host, broker.port)) as worker:
        await client.say(SubmitJob(b"f", b"", b"x"))
        handle = (await client.expect(JobCreated)).handle
        await worker.say(CanDo(b"f"), GrabJob())
        await worker.expect(JobAssign)
        await worker.say(WorkException(handle, b"why"))
        assert await client.hear() == WorkException(handle, b"why")


async def test_jobs_are_in_the_redis_that_an_old_command_line_names(
    make_server: Callable[..., RedisServer], broker: BrokerProcess
) -> None:
    server = make_server(*AOF, password="sword/fish@1")
    server.start()
    where = ("--redis-server=127.0.0.1", f"--redis-port={server.port}", "--redis-prefix=mail")
    broker.flags = ("-q", "redis", *where, "--redis-password=sword/fish@1")
    broker.start()
    async with open_peer((broker.host, broker.port)) as client:
        await client.submit_background(b"f", b"x")
    assert server.client().keys("{mail:*")
    await trio.to_thread.run_sync(broker.terminate)
    assert f"Data in Redis at 127.0.0.1:{server.port}, database 0, keys beginning with {{mail" in broker.output()
    assert "sword" not in broker.output()
    assert not (broker.data_dir / "appendonlydir").exists(), "no store of our own was started"


def test_the_queue_of_another_kind_is_refused_in_one_line(folder: Path) -> None:
    done = ended([sys.executable, "-m", "broker", "-q", "libsqlite3", f"--libsqlite3-db={folder}/q.db"])
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("trio-gearman: -q: this broker keeps its jobs in Redis or Valkey, not in libsqlite3")


def test_a_named_config_file_that_is_missing_ends_the_start(folder: Path) -> None:
    done = ended([sys.executable, "-m", "broker", f"--config-file={folder}/absent"])
    assert done.returncode == 1
    assert done.stderr == (
        f"trio-gearman: --config-file: {folder}/absent cannot be read (No such file or directory); "
        "name a file of flags\n"
    )


@pytest.mark.parametrize("name", ["gearmand", "trio-gearman"])
def test_both_names_answer_like_the_module(name: str) -> None:
    for word in ("--version", "--help", "--check-args"):
        by_name = subprocess.run([SCRIPTS / name, word], capture_output=True, check=True)
        by_module = subprocess.run([sys.executable, "-m", "broker", word], capture_output=True, check=True)
        assert by_name.stdout == by_module.stdout


async def test_the_backlog_is_the_kernels() -> None:
    settings = Settings(port=0, backlog=7)
    (sock,) = bind(await resolve(settings), shared=False)
    with sock:
        listen([sock], settings.backlog)
        # linux/tcp.h: in a listening socket's struct tcp_info, tcpi_sacked is the backlog.
        (backlog,) = struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 28)
    assert backlog == 7


async def test_keepalive_is_timed_as_the_flags_say_and_always_on() -> None:
    options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
    given = {"keepalive_idle": 61, "keepalive_interval": 7, "keepalive_count": 3}
    with socket.socket() as sock:
        systems = [sock.getsockopt(socket.IPPROTO_TCP, option) for option in options]
        for fields, expected in (
            ({}, systems),
            (given, systems),
            (given | {"keepalive": True, "keepalive_count": -1}, [61, 7, systems[2]]),
            (given | {"keepalive": True}, [61, 7, 3]),
        ):
            prepare(sock, Settings.model_validate(fields))
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert [sock.getsockopt(socket.IPPROTO_TCP, option) for option in options] == expected

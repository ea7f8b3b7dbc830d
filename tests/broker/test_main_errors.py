"""`python -m broker` itself, as far as it goes without a broker."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme

from broker.usage import usage, version
from tests.ports import private_port


def broker(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs it to its end, with nothing of ours in the environment but these variables."""
    ours = ("GEARMAND_", "TRIO_GEARMAN_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | variables
    command = [sys.executable, "-m", "broker", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_is_printed_on_stdout(word: str) -> None:
    ended = broker(word)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, usage() + "\n", "")


@pytest.mark.parametrize("word", ["-V", "--version"])
def test_the_version_is_printed_on_stdout(word: str) -> None:
    ended = broker(word)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, version() + "\n", "")


def test_help_is_given_to_whoever_got_the_rest_wrong() -> None:
    assert broker("--prt=3", "--help").returncode == 0


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_answers_do_not_wait_for_heavy_imports(word: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "broker", word]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "broker.flags" in loaded
    assert not loaded & {"trio", "pydantic", "redis", "hiredis", "logging", "argparse"}


def test_every_wrong_value_has_a_line_on_stderr_and_the_status_is_1() -> None:
    ended = broker("--prt=3", "-j", "many", "stray", TRIO_GEARMAN_VERBOSE="debug", GEARMAND_PORT="x")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "trio-gearman: --prt: there is no such flag; did you mean --port?",
        "trio-gearman: 'stray' is a stray word; flags begin with a dash",
        "trio-gearman: GEARMAND_PORT: 'x' is wrong; give a number from 0 to 65535 (0 takes a free one)",
        "trio-gearman: -j: 'many' is wrong; give -1 for without end, or a number from 0 to 255",
        "trio-gearman: TRIO_GEARMAN_VERBOSE: 'debug' is wrong; "
        "give one of FATAL, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO, DEBUG, in capitals",
    ]


def test_check_args_says_whether_a_start_would_come_that_far() -> None:
    right, wrong = broker("--check-args", "--port=4731"), broker("--check-args", "--port=x")
    assert (right.returncode, right.stdout, right.stderr) == (0, "", "")
    assert (wrong.returncode, wrong.stdout) == (1, "")


def test_check_args_tells_what_a_start_would_note_in_the_log() -> None:
    ended = broker("--check-args", "--threads=4", TRIO_GEARMAN_REDISS="redis://cache/0")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert ended.stderr.splitlines() == [
        "trio-gearman: TRIO_GEARMAN_REDISS: there is no such setting, the variable was ignored; "
        "did you mean TRIO_GEARMAN_REDIS?",
        "trio-gearman: --threads has no effect: one thread does all that waits for the network",
    ]


def test_check_args_looks_at_the_user_and_at_the_files_of_tls(tmp_path: Path) -> None:
    certificate = tmp_path / "cert.pem"
    flags = ("--check-args", "--user=nobody-of-that-name", "--ssl", f"--ssl-certificate={certificate}")
    ended = broker(*flags)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "trio-gearman: --user: there is no user 'nobody-of-that-name' on this machine; "
        "make one (useradd --system nobody-of-that-name), or name another",
        f"trio-gearman: --ssl-certificate: {certificate} cannot be read (No such file or directory); "
        "name a PEM file that is there",
    ]
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(certificate)
    ended = broker("--check-args", "--user=root", "--ssl", f"--ssl-certificate={certificate}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def opened_when_it_reads(fifo: Path, process: "subprocess.Popen[str]") -> int:
    """The writing end of a pipe by whose other end this process waits for something to read."""
    while True:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)


def test_ctrl_c_while_settings_are_read_ends_the_start_without_a_word(tmp_path: Path) -> None:
    config = tmp_path / "config"
    os.mkfifo(config)
    command = [sys.executable, "-m", "broker", f"--config-file={config}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as starting:
        writer = opened_when_it_reads(config, starting)
        starting.send_signal(signal.SIGINT)
        try:
            said = starting.communicate(timeout=60)
        finally:
            starting.kill()  # or leaving the block would wait for one that did not hear it
            os.close(writer)
    assert (starting.returncode, *said) == (0, "", "")


def test_a_redis_that_is_not_there_is_named_with_what_to_check() -> None:
    port = private_port()
    ended = broker(f"--redis=redis://127.0.0.1:{port}/0", "--port=0")
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        f"trio-gearman: cannot connect to Redis at 127.0.0.1:{port}: Connection refused; "
        "see that it runs there, and that --redis names it"
    )

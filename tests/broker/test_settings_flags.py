"""The syntax of the command line, alone and beside the real gearmand."""

import os
import subprocess

import pytest

from broker.command_line import CommandLine, Word, parse
from tests.processes import GEARMAND
from tests.programs import require_program

# The words, and what they give. Only flags that gearmand has too, so that it can be asked.
TAKEN: list[tuple[list[str], dict[str, str]]] = [
    ([], {}),
    (["--port=4731"], {"port": "4731"}),
    (["--port", "4731"], {"port": "4731"}),
    (["-p", "4731"], {"port": "4731"}),
    (["-p4731"], {"port": "4731"}),
    (["-j", "-1"], {"job_retries": "-1"}),
    (["--job-retries", "-1"], {"job_retries": "-1"}),
    (["--job-handle-prefix=a=b"], {"job_handle_prefix": "a=b"}),
    (["--exceptions", "--round-robin"], {"exceptions": "1", "round_robin": "1"}),
    (["-Rj3"], {"round_robin": "1", "job_retries": "3"}),
    (["-R", "-p", "1", "-L", "::1"], {"round_robin": "1", "port": "1", "listen": "::1"}),
    (["--port=4731", "--"], {"port": "4731"}),
    (["--daemon", "-P", "/run/x.pid", "-u", "nobody"], {"daemon": "1", "pid_file": "/run/x.pid", "user": "nobody"}),
    (["-d", "--syslog", "--verbose=INFO"], {"daemon": "1", "syslog": "1", "verbose": "INFO"}),
    (["--keepalive", "--keepalive-idle=60"], {"keepalive": "1", "keepalive_idle": "60"}),
    (["-q", "builtin", "-t", "4"], {"queue_type": "builtin", "threads": "4"}),
    (["--redis-server=a", "--redis-port=1"], {"redis_server": "a", "redis_port": "1"}),
    (
        ["--coredump", "--hashtable-buckets=1", "--http-port=1"],
        {"coredump": "1", "hashtable_buckets": "1", "http_port": "1"},
    ),
]

# The words, and the line about them.
REFUSED: list[tuple[list[str], str]] = [
    (["--prt=3"], "--prt: there is no such flag; did you mean --port?"),
    (["--por", "4731"], "--por: there is no such flag; did you mean --port?"),
    (["--PORT=3"], "--PORT: there is no such flag; see --help"),
    (["-x"], "-x: there is no such flag; see --help"),
    (["stray"], "'stray' is a stray word; flags begin with a dash"),
    (["port=3"], "'port=3' is a stray word; flags begin with a dash: did you mean --port?"),
    (["-"], "'-' is a stray word; flags begin with a dash"),
    (["-p", "1", "-p", "2"], "-p: is given twice; give it once"),
    (["-p", "1", "--port=1"], "--port: is given twice; give it once"),
    (["-R", "--round-robin"], "--round-robin: is given twice; give it once"),
    (["--exceptions=1"], "--exceptions: takes no value; give it alone"),
    (["--log-file"], "--log-file: the value is missing; give a path, stderr or none"),
    (["-l"], "-l: the value is missing; give a path, stderr or none"),
    (["--log-file="], "--log-file: the value is missing; give a path, stderr or none"),
]


def told(*words: str) -> CommandLine:
    return parse(map(Word, words))


@pytest.mark.parametrize(("words", "fields"), TAKEN)
def test_a_right_command_line_gives_its_values(words: list[str], fields: dict[str, str]) -> None:
    line = told(*words)
    assert {given.field: given.value for given in line.given} == fields
    assert line.problems == ()


@pytest.mark.parametrize(("words", "problem"), REFUSED)
def test_a_wrong_command_line_is_told_in_one_line(words: list[str], problem: str) -> None:
    assert told(*words).problems == (problem,)


@pytest.mark.parametrize("words", [*[words for words, _ in TAKEN], *[words for words, _ in REFUSED]])
def test_gearmand_takes_and_refuses_the_same(words: list[str]) -> None:
    require_program(GEARMAND, "gearman-job-server")
    beside = ["--check-args", "--config-file", os.devnull]
    gearmand = subprocess.run([GEARMAND, *beside, *words], check=False, capture_output=True, timeout=30)
    assert (gearmand.returncode == 0) == (not told(*words).problems)


def test_every_problem_is_told_and_the_rest_is_read() -> None:
    line = told("--prt", "-p", "4731", "stray", "-p", "4732", "--exceptions")
    assert len(line.problems) == 3
    assert [given.field for given in line.given] == ["port", "exceptions"]


def test_a_flag_that_forgot_its_value_does_not_take_the_next_flag_for_it() -> None:
    line = told("--listen", "--port=4731")
    assert [given.field for given in line.given] == ["port"]
    assert line.problems[0].startswith("--listen: the value is missing")


def test_listen_may_be_repeated() -> None:
    assert [given.value for given in told("-L", "::1", "--listen=127.0.0.1").given] == ["::1", "127.0.0.1"]


def test_help_and_version_are_asked_for_and_not_settings() -> None:
    assert told("-h", "--version", "--check-args").actions == {"help", "version", "check_args"}


def test_values_tell_where_they_stood() -> None:
    assert [given.where for given in told("-p4731", "--exceptions", "-l=x").given] == [
        "-p",
        "--exceptions",
        "-l",
    ]

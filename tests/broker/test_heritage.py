"""What becomes of gearmand's own flags: its command lines are taken as they stand in unit files."""

from pathlib import Path

import pytest

from broker.command_line import Word, parse
from broker.sources import Reading, SettingsError, read_settings

NOWHERE = Path("/nonexistent/gearmand.conf")

# The words, and the URL of the Redis that they name; None is the embedded store.
STORES: list[tuple[str, str | None]] = [
    ("", None),
    ("-q builtin", None),
    ("--queue-type=BuiltIn", None),
    ("-q redis", "redis://127.0.0.1:6379"),
    ("-q Redis --redis-server=cache --redis-port=6380", "redis://cache:6380"),
    ("-q redis --redis-server=::1", "redis://[::1]:6379"),
    ("-q redis --redis-server=10.0.0.7 --redis-password=p/s@w:d", "redis://:p%2Fs%40w%3Ad@10.0.0.7:6379"),
    ("-q redis --redis=unix:///run/r.sock", "unix:///run/r.sock"),
    ("--redis-server=cache", None),
]

# The words, and the line that refuses them.
REFUSED: list[tuple[str, str]] = [
    (
        "-q libsqlite3 --libsqlite3-db=/x",
        "-q: this broker keeps its jobs in Redis or Valkey, not in libsqlite3; leave it out",
    ),
    ("--queue-type=MySQL", "--queue-type: this broker keeps its jobs in Redis or Valkey, not in MySQL; leave it out"),
    ("-q Postgres", "-q: this broker keeps its jobs in Redis or Valkey, not in Postgres; leave it out"),
    ("-q libmemcached", "-q: this broker keeps its jobs in Redis or Valkey, not in libmemcached; leave it out"),
    ("-q rabbit", "-q: 'rabbit' is wrong; give builtin or redis"),
    (
        "-q builtin --redis=redis://a",
        "-q: builtin is the broker's own store, and --redis names another; give one of them",
    ),
    (
        "-q redis --redis-server=a --redis=redis://b",
        "--redis-server: --redis names the Redis already; give one of them",
    ),
    (
        "-q redis --redis-server=a:6379",
        "--redis-server: 'a:6379' is wrong; give a host name or an address without a port",
    ),
    ("-q redis --redis-server=a/b", "--redis-server: 'a/b' is wrong; give a host name"),
    ("-q redis --redis-port=redis", "--redis-port: 'redis' is wrong; give a number from 1 to 65535"),
    ("-q redis --redis-port=0", "--redis-port: '0' is wrong; give a number from 1 to 65535"),
    ("-r http", "-r: this broker speaks the Gearman protocol alone; leave it out"),
    ("--protocol=http --http-port=8080", "--protocol: this broker speaks the Gearman protocol alone; leave it out"),
]

# The words, and the beginnings of the lines in the log.
NOTED: list[tuple[str, list[str]]] = [
    ("-t 4", ["-t has no effect: one thread"]),
    ("--threads=0 --coredump", ["--threads has no effect: one thread", "--coredump has no effect: the system decides"]),
    ("--hashtable-buckets=991", ["--hashtable-buckets has no effect: jobs are in Redis"]),
    ("--http-port=8080", ["--http-port has no effect: nothing but the Gearman protocol"]),
    (
        "--libsqlite3-db=/x --store-queue-on-shutdown",
        ["--libsqlite3-db has no effect: it", "--store-queue-on-shutdown has"],
    ),
    ("-q builtin", ["-q: builtin is here the broker's own store in --data-dir, on disk and not in memory"]),
    (
        "--redis-server=a --redis-port=1",
        ["--redis-server has no effect without --q", "--redis-port has no effect without"],
    ),
    ("-j 0", ["-j: 0 is one run and no other, as in gearmand after 2.0.0; give -1 for what 0 meant before"]),
    ("-j 3", []),
    ("--ssl-certificate=x --ssl-key=y", ["--ssl-certificate has no effect without --ssl", "--ssl-key has no effect"]),
    ("-R --exceptions -w 1 -b 32 --verbose INFO", []),
]


def read(words: str, **variables: str) -> Reading:
    return read_settings(parse(map(Word, words.split())), variables, default_config=NOWHERE)


@pytest.mark.parametrize(("words", "url"), STORES)
def test_the_store_is_the_one_that_was_named(words: str, url: str | None) -> None:
    assert read(words).settings.redis == url


@pytest.mark.parametrize(("words", "line"), REFUSED)
def test_what_would_be_missed_is_refused_in_one_line(words: str, line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(words)
    (problem,) = caught.value.problems
    assert problem.startswith(line)
    assert "\n" not in problem


@pytest.mark.parametrize(("words", "lines"), NOTED)
def test_what_has_no_effect_is_noted_in_the_log(words: str, lines: list[str]) -> None:
    notes = read(words).notes
    assert len(notes) == len(lines)
    for note, line in zip(notes, lines, strict=True):
        assert note.startswith(line)


def test_a_password_may_stay_out_of_the_list_of_processes() -> None:
    settings = read("-q redis", TRIO_GEARMAN_REDIS_PASSWORD="swordfish").settings
    assert settings.redis == "redis://:swordfish@127.0.0.1:6379"


def test_jobs_of_another_store_can_be_brought_along() -> None:
    with pytest.raises(SettingsError, match="`python -m broker import --help` tells how"):
        read("-q libsqlite3")

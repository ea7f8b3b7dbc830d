"""The flags of gearmand 1.1 that mean something else here, or nothing: its command lines are taken as they are.

A row each, as in `broker.flags`; `broker.heritage` says what becomes of them. Those of `IGNORED` are told once in the
log, with their `about`.
"""

from typing import Final

from broker.flag import Flag

_STORE: Final = "it belongs to a store that this broker does not use"

TRANSLATED: Final = (
    Flag(
        ("-q", "--queue-type"),
        "builtin is the broker's own store, on disk; redis the server that the next three name. Those of gearmand's "
        "other stores are refused",
        metavar="TYPE",
        right="builtin or redis",
    ),
    Flag(
        ("--redis-server",),
        "with -q redis: host of the Redis that keeps the jobs (127.0.0.1 without it)",
        metavar="HOST",
        right="a host name or an address without a port; the port goes to --redis-port",
    ),
    Flag(
        ("--redis-port",),
        "with -q redis: its port (6379 without it)",
        metavar="PORT",
        right="a number from 1 to 65535",
    ),
    Flag(
        ("--redis-password",),
        "with -q redis: its password",
        metavar="PASSWORD",
        right="the password of that Redis",
        secret=True,
    ),
)
"""Other words for ``--redis URL``."""


def _idle(names: tuple[str, ...], about: str, metavar: str = "", *, secret: bool = False) -> Flag:
    return Flag(names, about, metavar=metavar, right="a value, or leave the flag out", secret=secret)


IGNORED: Final = (
    _idle(("-t", "--threads"), "one thread does all that waits for the network", metavar="NUMBER"),
    _idle(("--hashtable-buckets",), "jobs are in Redis, which sizes its tables itself", metavar="NUMBER"),
    _idle(("--coredump",), "the system decides that: LimitCORE= in a systemd unit, or ulimit -c"),
    _idle(("--http-port",), "nothing but the Gearman protocol is spoken", metavar="PORT"),
    _idle(("--store-queue-on-shutdown",), "jobs are stored before they are accepted"),
    _idle(("--libsqlite3-db",), _STORE, metavar="PATH"),
    _idle(("--libsqlite3-table",), _STORE, metavar="NAME"),
    _idle(("--libmemcached-servers",), _STORE, metavar="LIST"),
    _idle(("--libmemcached-prefix",), _STORE, metavar="PREFIX"),
    _idle(("--libpq-conninfo",), _STORE, metavar="WORDS", secret=True),
    _idle(("--libpq-table",), _STORE, metavar="NAME"),
    _idle(("--mysql-host",), _STORE, metavar="HOST"),
    _idle(("--mysql-port",), _STORE, metavar="PORT"),
    _idle(("--mysql-user",), _STORE, metavar="NAME"),
    _idle(("--mysql-password",), _STORE, metavar="PASSWORD", secret=True),
    _idle(("--mysql-db",), _STORE, metavar="NAME"),
    _idle(("--mysql-table",), _STORE, metavar="NAME"),
)
"""Taken and without effect: whoever asked for them misses nothing here."""

REFUSED: Final = (_idle(("-r", "--protocol"), "refused: nothing but the Gearman protocol is spoken", metavar="NAME"),)
"""Whoever asked for these would miss something."""

"""The flags: one row each, and nothing else in the house knows how they are spelled.

The command line, the config file, the environment, ``--help`` and the messages about wrong values all read
this table. A new flag is a row here and a field of the same name in `broker.settings`; a test holds the two
together.

The spelling follows gearmand (Gearman protocol: the gearmand command line) wherever gearmand has such a flag. The
flags that are there for gearmand's sake alone have a table of their own, `broker.gearmand_flags`.
"""

from collections.abc import Mapping
from typing import Final

from broker.flag import Flag
from broker.gearmand_flags import IGNORED, REFUSED, TRANSLATED

_SECONDS: Final = "a number of seconds above 0, such as 0.5 or 10"
_SIZE: Final = "a number of bytes, such as 65536 or 64MiB, from 1KiB to 256MiB"
_PROBE: Final = "-1 for the system's value, or a number from 1 to 32767"

SECTIONS: Final[Mapping[str, tuple[Flag, ...]]] = {
    "Connections": (
        Flag(
            ("-p", "--port"),
            "TCP port to listen on; 0 takes a free one",
            metavar="PORT",
            right="a number from 0 to 65535 (0 takes a free one)",
            default="4730",
        ),
        Flag(
            ("-L", "--listen"),
            "address or host name to listen on; several: repeat the flag, or put commas between. "
            "0.0.0.0 is every IPv4 address, :: every IPv6 address, * both; by the name gearmand, * is the default",
            metavar="ADDRESS",
            right="addresses or host names without a port, such as 127.0.0.1,::1; the port goes to --port",
            default="127.0.0.1",
            many=True,
        ),
        Flag(
            ("-b", "--backlog"),
            "connections that may wait to be accepted",
            metavar="NUMBER",
            right="a number from 1 to 65535",
            default="1024",
        ),
        Flag(
            ("--max-connections",),
            "connections served at once; more wait to be accepted. Without it, as many as descriptors allow",
            metavar="NUMBER",
            right="a number from 1",
        ),
        Flag(
            ("-f", "--file-descriptors"),
            "file descriptors this process may open; a connection takes one",
            metavar="NUMBER",
            right="a number from 64",
        ),
        Flag(("--keepalive",), "time the probes of silent connections as the next three flags say, not the system"),
        Flag(
            ("--keepalive-idle",),
            "with --keepalive: seconds of silence before the first probe; -1 is the system's value",
            metavar="SECONDS",
            right=_PROBE,
            default="-1",
        ),
        Flag(
            ("--keepalive-interval",),
            "with --keepalive: seconds between probes; -1 is the system's value",
            metavar="SECONDS",
            right=_PROBE,
            default="-1",
        ),
        Flag(
            ("--keepalive-count",),
            "with --keepalive: probes without an answer that end a connection; -1 is the system's value",
            metavar="NUMBER",
            right="-1 for the system's value, or a number from 1 to 127",
            default="-1",
        ),
        Flag(
            ("--max-packet",),
            "bytes in the largest packet that is accepted; the sender of a larger one is refused and dropped",
            metavar="BYTES",
            right=_SIZE,
            default="64MiB",
        ),
        Flag(
            ("--outbox-limit",),
            "bytes that may wait for one peer; a peer that reads too slowly is dropped",
            metavar="BYTES",
            right=_SIZE,
            default="64MiB",
        ),
        Flag(
            ("--packet-timeout",),
            "seconds in which a peer must send the rest of a packet it has begun, or end its TLS handshake; a large "
            "packet may take longer",
            metavar="SECONDS",
            right=_SECONDS,
            default="30",
        ),
    ),
    "TLS": (
        Flag(("--ssl",), "serve TLS, 1.2 or newer, on the port; nothing else is served there then"),
        Flag(
            ("--ssl-certificate",),
            "PEM file with the broker's certificate, and those between it and its authority. Renewed files are "
            "read before the next connection",
            metavar="PATH",
            right="the path of a PEM file",
        ),
        Flag(
            ("--ssl-key",),
            "PEM file with the certificate's private key, unless that is in the same file",
            metavar="PATH",
            right="the path of a PEM file",
        ),
        Flag(
            ("--ssl-ca-file",),
            "PEM file with the authorities that may vouch for clients, for --ssl-verify-client",
            metavar="PATH",
            right="the path of a PEM file",
        ),
        Flag(
            ("--ssl-verify-client",),
            "whether clients show a certificate: none, optional (one that is shown must hold) or required",
            metavar="WHETHER",
            right="none, optional or required",
            default="none",
        ),
    ),
    "Store": (
        Flag(
            ("--redis",),
            "the Redis or Valkey that keeps the jobs: redis://HOST:PORT/DB, rediss://... for TLS, or "
            "unix:///PATH; redis+sentinel://HOST:PORT,HOST:PORT/NAME/DB for the master that sentinels know by a name; "
            "redis+cluster://HOST:PORT,HOST:PORT for a cluster, by some of its nodes. "
            "Without it the broker runs its own in the data directory. A password is safer in "
            "TRIO_GEARMAN_REDIS or the config file than in the list of processes",
            metavar="URL",
            right="a URL such as redis://127.0.0.1:6379/0, rediss://user:password@host/0 or unix:///run/redis.sock",
            secret=True,
        ),
        Flag(
            ("--data-dir",),
            "directory for the broker's own store. Without it, the platform's place for such data",
            metavar="PATH",
            right="the path of a directory",
        ),
        Flag(
            ("--redis-prefix",),
            "what all keys in Redis begin with; brokers with the same one share their jobs",
            metavar="PREFIX",
            right="1 to 64 characters without braces, spaces or control characters",
            default="gearman",
        ),
        Flag(
            ("--store-timeout",),
            "seconds a submit may wait for the store before it is refused",
            metavar="SECONDS",
            right=_SECONDS,
            default="5",
        ),
        Flag(
            ("--durability",),
            "what a background job must have survived before its client hears of it: memory (Redis has it), fsync "
            "(Redis has synced it to disk; looked at on every connect), or replica:N (N replicas have it, too; of a "
            "cluster, N of the node that has the function). auto is fsync on the broker's own store, else memory",
            metavar="WHAT",
            right="auto, memory, fsync or replica:N, such as replica:1",
            default="auto",
        ),
        Flag(
            ("--function-durability",),
            "how many replicas must have the jobs of a function, where that differs: sendEmail=replica:1, or replica:0 "
            "for none; several: repeat the flag, or put commas between",
            metavar="NAME=WHAT",
            right="a function's name and replica:N, such as sendEmail=replica:1; the rest is --durability's",
            many=True,
        ),
        Flag(
            ("--vouch-fsync",),
            "with --durability=fsync: believe a Redis that forbids CONFIG GET that it runs with appendonly yes and "
            "appendfsync always",
        ),
        Flag(
            ("--results-limit",),
            "bytes of results, and of what jobs say meanwhile, that are kept while the store is away; what workers "
            "send beyond is left unread until it is back",
            metavar="BYTES",
            right=_SIZE,
            default="32MiB",
        ),
        Flag(("--strict-store",), "refuse to start on a store that may lose jobs, instead of a warning"),
        Flag(
            ("--presence-ttl",),
            "seconds after which the other brokers take over from one that fell silent",
            metavar="SECONDS",
            right=_SECONDS,
            default="10",
        ),
        Flag(
            ("--reservation-seconds",),
            "seconds a job is kept for the worker that was woken for it",
            metavar="SECONDS",
            right=_SECONDS,
            default="1",
        ),
    ),
    "Jobs": (
        Flag(
            ("-j", "--job-retries"),
            "runs a job may have before it is given up as dead; 0 is one run, -1 is without end. "
            "A run that a broker lost does not count",
            metavar="NUMBER",
            right="-1 for without end, or a number from 0 to 255",
            default="-1",
        ),
        Flag(
            ("-w", "--worker-wakeup"),
            "sleeping workers to wake for a job; 0 wakes all that can do it",
            metavar="NUMBER",
            right="0 for all of them, or a number from 1 to 255",
            default="1",
        ),
        Flag(("-R", "--round-robin"), "accepted for gearmand's sake: a worker's functions always take turns"),
        Flag(("--exceptions",), "send exceptions to every client, as if each had asked for them"),
        Flag(
            ("--job-handle-prefix",),
            "what job handles begin with; cut where a handle would pass 63 bytes",
            metavar="PREFIX",
            right="1 to 63 visible ASCII characters",
            default="H:",
        ),
        Flag(
            ("--schedule-zone",),
            "time zone in which jobs for a minute of the calendar (SUBMIT_JOB_SCHED) name it",
            metavar="ZONE",
            right="the name of a time zone that this system knows, such as UTC or Europe/Berlin",
            default="UTC",
        ),
    ),
    "Process": (
        Flag(
            ("--processes",),
            "brokers to run side by side on the port, each in a process of its own; one that ends is replaced. As many "
            "as there are cores to spare",
            metavar="NUMBER",
            right="a number from 1 to 256; above 1 the system must let processes share a port (SO_REUSEPORT)",
            default="1",
        ),
        Flag(("-d", "--daemon"), "run in the background: the command returns as soon as the broker listens"),
        Flag(
            ("-u", "--user"),
            "user to become, for a broker that is started by root; done before anything is opened",
            metavar="NAME",
            right="the name of a user of this machine",
        ),
        Flag(
            ("-l", "--log-file"),
            "file to add the log to, or stderr, or none; reopened on SIGHUP. By the name gearmand, "
            "/var/log/gearmand.log is the default",
            metavar="PATH",
            right="a path, stderr or none",
            default="stderr",
        ),
        Flag(
            ("--verbose",),
            "least weight of what is logged: FATAL, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO or DEBUG",
            metavar="LEVEL",
            right="one of FATAL, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFO, DEBUG, in capitals",
            default="WARNING",
        ),
        Flag(("--syslog",), "send the log to the system's log, too: to /dev/log"),
        Flag(
            ("-P", "--pid-file"),
            "file to write the process id to, as soon as the broker listens; removed at the end",
            metavar="PATH",
            right="a path",
        ),
        Flag(
            ("--grace",),
            "seconds that running jobs may take to end at a stop. Without it TERM and INT stop at once, and USR1 "
            "waits as long as they take; what then still runs is given back and runs again",
            metavar="SECONDS",
            right="a number of seconds from 0, such as 0.5 or 10",
        ),
        Flag(
            ("--config-file",),
            "file of more flags, separated by spaces or line ends; a word that begins with # ends its line. "
            "Without it, /etc/gearmand.conf is read if it is there",
            metavar="PATH",
            right="the path of a file",
        ),
    ),
}
"""Every flag that fills a field of the settings, under its heading in ``--help``."""

ACTIONS: Final = (
    Flag(("-h", "--help"), "print this and exit"),
    Flag(("-V", "--version"), "print the version and exit"),
    Flag(
        ("--check-args",),
        "say what is wrong with flags, environment, config file, --user and the files of TLS, and exit",
    ),
)
"""Flags that ask for something else than a broker. They stand on the command line alone."""

BY_FIELD: Final[Mapping[str, Flag]] = {flag.field: flag for rows in SECTIONS.values() for flag in rows}
"""The flags of `SECTIONS` by the field they fill."""

INHERITED: Final[Mapping[str, Flag]] = {flag.field: flag for flag in (*TRANSLATED, *IGNORED, *REFUSED)}
"""The flags of `broker.gearmand_flags`, in the same way, though the settings have no such fields."""

BY_NAME: Final[Mapping[str, Flag]] = {
    name: flag for flag in (*BY_FIELD.values(), *INHERITED.values(), *ACTIONS) for name in flag.names
}
"""Every flag by each of its names."""

"""The words that start the embedded Valkey server, and all of its options."""

from __future__ import annotations

from pathlib import Path

from persistence.data_directory import DataDirectory

OPTIONS: dict[str, str] = {
    "daemonize": "yes",
    "port": "0",  # never on the network
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "always",  # an answer means: on the disk
    "no-appendfsync-on-rewrite": "no",  # also while the file is rewritten
    "aof-load-truncated": "yes",  # a torn last command was never answered
    "auto-aof-rewrite-percentage": "100",
    "auto-aof-rewrite-min-size": "64mb",  # a queue writes much and keeps little; see docs/decisions/0003
    "save": "",  # the append-only file is the whole truth
    "maxmemory-policy": "noeviction",  # a full store refuses; it does not forget jobs
}


def command_line(binary: Path, home: DataDirectory) -> list[str]:
    """The words that start the server."""
    places = {"dir": home.path, "unixsocket": home.socket, "logfile": home.log, "pidfile": home.pid}
    words = [str(binary)]
    for option, value in {**OPTIONS, **places}.items():
        words += [f"--{option}", str(value)]
    return words

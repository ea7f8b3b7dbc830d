"""The greeting of a new connection: who we are, who they are, and whether we can work together.

Everything here waits for its replies, and nothing that was posted leaves before it is over.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import trio

from persistence.errors import (
    StoreClusterError,
    StoreError,
    StoreRefusedError,
    StoreUnavailableError,
    StoreVersionError,
    UnknownMasterError,
)
from persistence.options import RedisOptions
from persistence.posted import Posted
from persistence.replies import Command, Reply

OLDEST_REDIS: Final = (7, 0)
"""Channels that belong to a slot (SSUBSCRIBE), and scripts that say themselves what they need, came with 7.0."""

UNUSABLE: Final = frozenset({"LOADING", "MASTERDOWN", "BUSY"})
"""What PING is refused with by a server that listens but cannot work yet."""


class Ask(Protocol):
    """A `Handshake`, or what does the same on a connection that is in use."""

    async def __call__(self, *command: bytes | str | int) -> Reply:
        """Ask one thing and wait for the reply. Raises StoreError."""

    async def many(self, commands: Sequence[Command]) -> list[Reply]:
        """Ask several things in one trip; errors stand among the replies."""


class Handshake:
    """Asks on a connection that is not open for others yet. A cancelled question costs the connection."""

    def __init__(self, send: Callable[[list[bytes], list[Posted]], Awaitable[None]]) -> None:
        self._send = send

    async def __call__(self, *command: bytes | str | int) -> Reply:
        """Ask one thing and wait for the reply.

        Raises:
            StoreRefusedError: Redis answered with an error.
        """
        (reply,) = await self.many([command])
        if isinstance(reply, StoreError):
            raise reply
        return reply

    async def many(self, commands: Sequence[Command]) -> list[Reply]:
        """Ask several things in one trip; errors stand among the replies, in the order of the commands."""
        if not commands:
            await trio.lowlevel.checkpoint()
            return []
        replies: list[Reply] = []
        complete = trio.Event()

        def answer(reply: Reply) -> None:
            replies.append(reply)
            if len(replies) == len(commands):
                complete.set()

        posted = [Posted(command, answer) for command in commands]
        pieces: list[bytes] = []
        for each in posted:
            each.leave(pieces)
        await self._send(pieces, posted)
        await complete.wait()
        return replies


async def greet(ask: Handshake, options: RedisOptions, name: str, *, as_master: bool = False) -> None:
    """Say HELLO 3 with AUTH and the client's name, SELECT the database, and see whether the server can work.

    Raises:
        StoreUnavailableError: it is a replica, and was to be a master.
        StoreRefusedError: it does not let us in, or (LOADING, BUSY, MASTERDOWN) cannot work yet.
        StoreVersionError: it is older than Redis 7.0.
        StoreClusterError: it is one of a cluster, and nobody said so.
        UnknownMasterError: it is a sentinel, and nobody said so.
    """
    greeting: list[Command] = [_hello(options, name)]
    if options.db:
        greeting.append(("SELECT", options.db))
    greeting.append(("PING",))
    hello, *selected, ping = await ask.many(greeting)
    if isinstance(hello, StoreRefusedError):
        await _refused(ask, hello, options)
    _check_version(await _version(ask, hello), options)
    if isinstance(hello, dict) and hello.get(b"mode") == b"cluster" and not options.cluster:
        raise StoreClusterError(
            f"Redis at {options.address} is a node of a cluster: name it by redis+cluster://{options.address}"
        )
    if isinstance(hello, dict) and hello.get(b"mode") == b"sentinel":
        raise UnknownMasterError(
            f"Redis at {options.address} is a sentinel: name the master that it knows by "
            f"redis+sentinel://{options.address}/NAME, and the other sentinels with it"
        )
    if as_master and isinstance(hello, dict) and hello.get(b"role") != b"master":
        # ROLE would say the same, but is forbidden to whoever is no administrator.
        raise StoreUnavailableError(f"Redis at {options.address} is a replica, where the sentinels had a master")
    for reply in selected:
        if isinstance(reply, StoreRefusedError):
            raise StoreRefusedError(reply.word, f"{reply.text} ({_database(options)})")
    if isinstance(ping, StoreRefusedError) and ping.word in UNUSABLE:
        raise ping


def _database(options: RedisOptions) -> str:
    return (
        f"SELECT {options.db} at {options.address}; the number behind the last / of the URL that --redis names "
        "must be one of its databases: CONFIG GET databases says how many it has, counted from 0"
    )


def _hello(options: RedisOptions, name: str) -> Command:
    hello: list[bytes | str | int] = ["HELLO", 3]
    if options.username is not None or options.password is not None:
        hello += ["AUTH", options.username or "default", options.password or ""]
    return [*hello, "SETNAME", f"{options.client_name}:{name}"]


async def _refused(ask: Handshake, error: StoreRefusedError, options: RedisOptions) -> None:
    """Raise what HELLO was refused with, in words that help; return if the server knows no HELLO 3."""
    who = f"user {options.username or 'default'} at {options.address}"
    if error.word == "NOAUTH":
        raise StoreRefusedError("NOAUTH", f"Redis asks for a password and none is given ({who})")
    if "unknown command" not in error.text and error.word != "NOPROTO":
        raise StoreRefusedError(error.word, f"{error.text} ({who})")
    if options.password is not None:
        await ask("AUTH", *([options.username] if options.username else []), options.password)


async def _version(ask: Handshake, hello: Reply) -> str | None:
    """The Redis version of the server as ``7.0.15``; None for Valkey, of which every version will do."""
    if isinstance(hello, dict):
        if hello.get(b"server") == b"valkey":
            return None
        version = hello.get(b"version")
        if isinstance(version, bytes):
            return version.decode("ascii", "replace")
    info = await ask("INFO", "server")
    found = re.search(rb"^redis_version:(\S+)", info, re.MULTILINE) if isinstance(info, bytes) else None
    return found[1].decode("ascii", "replace") if found else "of unknown version"


def _check_version(version: str | None, options: RedisOptions) -> None:
    if version is None:
        return
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST_REDIS:
        oldest = ".".join(map(str, OLDEST_REDIS))
        raise StoreVersionError(
            f"Redis {version} at {options.address} is too old: Redis {oldest} or newer, or Valkey, is needed"
        )

"""What happens on every new connection to Redis, before anything else is said on it.

The schema is looked at, the scripts are loaded, the generation is raised, so that whatever the old connection may
still deliver is refused; then Redis tells what it believes runs here, and what we do not know is given back: a
claim whose answer was lost.
"""

import logging

from persistence.claiming import Claiming
from persistence.errors import StoreError, StoreRefusedError, StoreVersionError
from persistence.events import StoreEvents
from persistence.functions import Function
from persistence.keeper import SCHEMA_VERSION, Keeper
from persistence.link import Link
from persistence.mailbox import Mailbox
from persistence.pipe import Handshake
from persistence.replies import Command, Reply, expect_bytes, expect_list
from persistence.records import JobId
from persistence.scripts import ALL, REJOIN

log = logging.getLogger(__name__)


class Rejoining:
    """The conversation with which a connection to Redis begins."""

    def __init__(
        self, link: Link, keeper: Keeper, claiming: Claiming, mailbox: Mailbox, events: StoreEvents
    ) -> None:
        self._link = link
        self._keeper = keeper
        self._claiming = claiming
        self._mailbox = mailbox
        self._events = events
        self._connects = 0

    async def on_connect(self, handshake: Handshake) -> None:
        """Run it. Raises StoreVersionError for data of a newer schema, StoreRefusedError for a missing permission."""
        await self._check_schema(handshake)
        for script in ALL:
            await handshake(b"SCRIPT", b"LOAD", script.text.encode())
        await self._check_publishing(handshake)
        self._connects += 1
        if self._connects > 1:
            self._link.generation += 1
        raised_as = self._link.incarnation
        beats, *_ = await handshake.many(self._keeper.raise_commands())
        if isinstance(beats, int):
            self._keeper.raised(raised_as, beats)
        functions = self._link.functions.all()
        await handshake.many(self.introductions(functions))
        await self._rejoin(handshake, functions)
        self._events.reconnected()

    async def _check_schema(self, handshake: Handshake) -> None:
        await handshake(b"SET", self._link.keys.schema, SCHEMA_VERSION, b"NX")
        version = await handshake(b"GET", self._link.keys.schema)
        if not isinstance(version, bytes) or not version.isdigit() or int(version) != SCHEMA_VERSION:
            raise StoreVersionError(
                f"the data under the prefix {self._link.keys.prefix.decode()!r} is of schema {version!r}, this broker "
                f"knows {SCHEMA_VERSION}: start the release that wrote it, or choose another --redis-prefix"
            )

    async def _check_publishing(self, handshake: Handshake) -> None:
        # A script that may write but not publish would fail after its writes, so find out before the first job.
        try:
            await handshake(b"SPUBLISH", self._link.keys.tag(b"probe"), b"")
        except StoreRefusedError as error:
            raise StoreRefusedError(
                error.word, f"{error.text} (the Redis user needs channels &* or &{{{self._link.keys.prefix.decode()}:*)"
            ) from error

    def introductions(self, functions: list[Function]) -> list[Command]:
        """The commands that write down which functions there are; each has its name in its own hash too."""
        keys = self._link.keys
        commands: list[Command] = []
        for function in functions:
            commands.append([b"SADD", keys.functions, function.name])
            commands.append([b"HSET", keys.function(function.tag), b"name", function.name])
        return commands

    async def _rejoin(self, handshake: Handshake, functions: list[Function]) -> None:
        awaited = [self._events.awaited(function) for function in functions]
        calls = [self._link.call(REJOIN, f, *jobs) for f, jobs in zip(functions, awaited, strict=True)]
        for function, reply in zip(functions, await handshake.many(calls), strict=True):
            if reply == b"fenced":
                self._link.refused(reply, self._link.incarnation)
                return
            self._compare(function, expect_list(reply))

    def rejoin(self, function: Function) -> None:
        """Say on a running connection, under a new name, what clients here wait for."""
        self._link.owe(
            lambda: self._link.call(REJOIN, function, *self._events.awaited(function)),
            lambda reply: self._compare(function, expect_list(reply)),
        )

    def _compare(self, function: Function, reply: list[Reply]) -> None:
        running, gone = expect_list(reply[0]), expect_list(reply[1])
        lost: list[tuple[JobId, int]] = []
        for job, attempt in zip(running[::2], running[1::2], strict=True):
            assert isinstance(attempt, int)
            if not self._events.runs_here(JobId(expect_bytes(job)), attempt):
                lost.append((JobId(expect_bytes(job)), attempt))
        if lost:
            self._claiming.give_back(function, lost)
        if self._events.awaited(function):
            # How a job ended may lie in the mailbox: read it before anybody is told that the job is gone.
            self._mailbox.read(function, then_gone=[JobId(expect_bytes(job)) for job in gone])

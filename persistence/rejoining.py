"""What happens on every new connection to Redis, before anything else is said on it.

The schema is looked at, the scripts are loaded, the generation is raised, so that whatever the old connection may
still deliver is refused; then Redis tells what it believes runs here, and what we do not know is given back: a
claim whose answer was lost. What clients here wait for is told behind that (`persistence.attending`), for nothing needs
to wait for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from persistence.attending import Attending
from persistence.claiming import Claiming
from persistence.ending import Ending
from persistence.errors import StoreError, StoreRefusedError, StoreVersionError
from persistence.events import StoreEvents
from persistence.functions import Function
from persistence.gathering import MOST
from persistence.handshake import Ask, Handshake
from persistence.introducing import list_again
from persistence.keeper import SCHEMA_VERSION, Keeper
from persistence.link import Link
from persistence.records import Incarnation, JobId
from persistence.replies import Command, Reply, expect_bytes, expect_int, expect_list
from persistence.scripts import ALL, PROBE, REJOIN

NOT_HEALING: Final = frozenset({"NOPERM", "ERR"})
"""What a user who lacks a permission is told; ERR, when it happens within a script."""
PROBED: Final = b"probe"
"""What stands in the place of a digest where nothing but permissions is tried."""


async def load_scripts(handshake: Ask) -> None:
    """Make Redis know our scripts. Raises StoreRefusedError when it does not take one."""
    for reply in await handshake.many([[b"SCRIPT", b"LOAD", script.text.encode()] for script in ALL]):
        expect_bytes(reply)


async def try_out(handshake: Ask, tag: bytes) -> None:
    """See on the tag of no function whether we may do what scripts do.

    A script that may write but not publish would fail after its writes, so find out before the first job.
    """
    for reply in await handshake.many([PROBE.call(tag), [b"SSUBSCRIBE", tag], [b"SUNSUBSCRIBE", tag]]):
        if isinstance(reply, StoreError):
            raise reply


class Rejoining:
    """The conversation with which a connection to Redis begins."""

    def __init__(
        self,
        link: Link,
        keeper: Keeper,
        claiming: Claiming,
        ending: Ending,
        attending: Attending,
        events: StoreEvents,
    ) -> None:
        self._link = link
        self._keeper = keeper
        self._claiming = claiming
        self._ending = ending
        self._attending = attending
        self._events = events
        self._connects = 0

    async def on_connect(self, handshake: Handshake) -> None:
        """Run it.

        Raises:
            StoreVersionError: the data is of another schema.
            StoreRefusedError: a permission is missing, or Redis cannot work now.
        """
        with self.explained():
            await self.check_schema(handshake)
            await load_scripts(handshake)
            await try_out(handshake, self._link.keys.tag(PROBED))
        self._connects += 1
        if self._connects > 1:
            self._link.generation += 1
        functions = self._link.functions.all()
        while not (await self.is_present(handshake) and await self.is_back(handshake, functions)):
            pass  # Redis took us for lost: the same once more under the new name
        self._link.settle_all()
        self._events.reconnected(self._link.functions.all())

    @contextmanager
    def explained(self) -> Iterator[None]:
        """A block in which a permission that is missing is refused with a word on what is needed."""
        try:
            yield
        except StoreRefusedError as error:
            if error.word not in NOT_HEALING:
                raise
            pattern = f"{{{self._link.keys.prefix.decode('utf-8', 'replace')}*"
            hint = f"(the Redis user needs ~{pattern} &{pattern} +@all -@admin)"
            if error.text.startswith("unknown command"):
                hint = "(it was renamed or taken away there, and a broker needs it: use a Redis that has it)"
            raise StoreRefusedError(error.word, f"{error.text} {hint}") from error

    async def check_schema(self, handshake: Ask) -> None:
        """See that the data is as we know it. Raises StoreVersionError."""
        key = self._link.keys.schema
        version = await handshake(b"GET", key)
        if version is None:
            await handshake(b"SET", key, SCHEMA_VERSION, b"NX")
            version = await handshake(b"GET", key)
        if version != b"%d" % SCHEMA_VERSION:
            prefix = self._link.keys.prefix.decode("utf-8", "replace")
            found = version.decode("utf-8", "replace") if isinstance(version, bytes) else version
            raise StoreVersionError(
                f"the data under the prefix {prefix!r} is of schema {found}, this broker knows {SCHEMA_VERSION}: "
                f"start the release that wrote it, or choose another --redis-prefix"
            )

    async def is_present(self, handshake: Ask) -> bool:
        """Raise our presence. False under a lost name."""
        incarnation = self._link.incarnation
        beats = expect_int(await handshake(*self._keeper.raise_command()))
        self._keeper.raised(incarnation, beats)
        return self._link.incarnation == incarnation

    async def is_back(self, handshake: Ask, functions: list[Function]) -> bool:
        """Compare what runs here with what Redis believes. False under a lost name.

        In steps of some runs of each function. Meanwhile Redis begins no other here, so it is as if it were one.
        """
        incarnation = self._link.incarnation
        ahead = [(function, b"") for function in functions]
        while ahead:
            calls = [self._comparing(function, before) for function, before in ahead]
            further: list[tuple[Function, bytes]] = []
            lost: list[Command] = []
            for (function, _), reply in zip(ahead, await handshake.many(calls), strict=True):
                if reply == b"fenced":
                    self._link.refused(reply, incarnation)
                    return False
                runs, rest = self._compare(function, expect_list(reply))
                if runs:
                    lost.append(self._claiming.giving_back(function, runs))
                if rest:
                    further.append((function, rest))
            # Before anything that waits to be sent again: a submit among that might be handed a job behind these.
            for reply in await handshake.many(lost):
                if reply == b"fenced":
                    self._link.refused(reply, incarnation)
                    return False
                expect_list(reply)
            ahead = further
        for function in functions:
            self._attending.begin(function)
        return True

    def rejoin_as(self, incarnation: Incarnation) -> None:
        """We go on under this name on a running connection: be there, and wait for what clients here wait for."""
        self._keeper.raise_soon(incarnation)
        if not self._link.pipe.in_order:
            return  # every function is brought back, as soon as that has been answered
        for function in self._link.functions.all():
            if self._events.awaited(function):
                self.rejoin(function)

    def rejoin(self, function: Function) -> None:
        """Compare once more, on a running connection."""
        self._compare_again(function, b"")
        self._attending.begin(function)

    def _compare_again(self, function: Function, before: bytes) -> None:
        self._link.owe(
            function,
            lambda: self._comparing(function, before),
            lambda reply: self._compared(function, expect_list(reply)),
            beside_claims=True,  # what it says is running must be known here by then
        )

    def _compared(self, function: Function, reply: list[Reply]) -> None:
        runs, rest = self._compare(function, reply)
        if runs:
            self._claiming.give_back(function, runs)
        if rest:
            self._compare_again(function, rest)

    def _comparing(self, function: Function, before: bytes) -> Command:
        """The command that asks for a step of what runs here: of claims that came before that one."""
        return self._link.call(REJOIN, function, before, MOST)

    def _compare(self, function: Function, reply: list[Reply]) -> tuple[list[tuple[JobId, int]], bytes]:
        """The runs that nobody here knows of, newest claim first: the answer that brought them was lost.

        And the claim before which the next step begins; b"" if this was the last.
        """
        running, rest = expect_list(reply[0]), expect_bytes(reply[1])
        if not rest:
            function.known = bool(reply[2])
            if function.known:
                list_again(self._link, function)
        lost: list[tuple[JobId, int]] = []
        for job, attempt, listeners in zip(running[::3], running[1::3], running[2::3], strict=True):
            run = (JobId(expect_bytes(job)), expect_int(attempt))
            if self._ending.is_owed(function, *run):
                continue  # what became of it here is on its way, and a result may be asked for first: see finish.lua
            if not (self._events.runs_here(function, *run) or self._claiming.is_fetching(function, *run)):
                lost.append(run)
            elif listeners not in (b"", self._link.incarnation):
                # Its notice may have come while nobody here could hear it.
                self._events.audience_changed(function, run[0])
        return lost, rest

"""After a reconnect Redis is told which jobs clients here wait for: we listen to them again, and learn which are gone.

They may be a million, so they are told some at a time, and a few scripts are on the way at once: Redis serves other
brokers in between, and us what else we ask, our presence among that. So it takes as long as it takes, and no time-out
is for the whole of it.

That others do something between two of these scripts is as if they had done it right before or right behind a single
one. Of each job the answer is true when it is given: from then on we hear of its end, or it was gone, and then what was
said of its end lies in the mailbox, which is read behind that answer, before anybody is told that it is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from persistence.errors import StoreUnavailableError
from persistence.events import StoreEvents
from persistence.functions import Function
from persistence.gathering import some_at_a_time
from persistence.link import Link
from persistence.mailbox import Mailbox
from persistence.records import JobId
from persistence.replies import Command, Reply, expect_bytes, expect_list
from persistence.scripts import ATTEND

AT_ONCE: Final = 4
"""Scripts on the way: Redis has the next one when it is done with one, and what else we ask waits for no more."""


@dataclass(slots=True)
class Telling:
    """What of one function's awaited jobs is still to be told."""

    ahead: list[Sequence[JobId]] = field(default_factory=list)
    """The last first."""
    on_the_way: int = 0
    unread: bool = False
    """Whether mail may lie there of which no notice came."""


class Attending:
    """Makes us a listener of all that is waited for here."""

    def __init__(self, link: Link, mailbox: Mailbox, events: StoreEvents) -> None:
        self._link = link
        self._mailbox = mailbox
        self._events = events
        self._tellings: dict[bytes, Telling] = {}

    def begin(self, function: Function) -> None:
        """Tell of all that clients here wait for now; in the place of what was still to be told.

        To be called anew on every new connection, or for every new incarnation. What was on the way is repeated, and
        counts, so that connections that break one after another do not leave more and more of it.
        """
        telling = self._tellings.setdefault(function.name, Telling())
        telling.ahead = some_at_a_time(list(self._events.awaited(function)))[::-1]
        telling.unread = bool(telling.ahead)
        while telling.ahead and telling.on_the_way < AT_ONCE:
            self._tell_of_some(function, telling)

    def _tell_of_some(self, function: Function, telling: Telling) -> None:
        some = telling.ahead.pop()
        telling.on_the_way += 1

        def build() -> Command:
            # Redis was told, or is told before this, that nobody waits any more for those for which nobody does now.
            awaited = self._events.awaited(function)
            return self._link.call(ATTEND, function, *(job for job in some if job in awaited))

        def told(reply: Reply) -> None:
            telling.on_the_way -= 1
            gone = [JobId(expect_bytes(job)) for job in expect_list(reply)[1:]]
            if gone or telling.unread:
                telling.unread = False
                self._read_mail(function, gone)
            if telling.ahead:
                self._tell_of_some(function, telling)

        self._link.owe(function, build, told)

    def _read_mail(self, function: Function, gone: list[JobId]) -> None:
        # How a job ended may lie in the mailbox, or be known here: its finish is repeated, for its answer was lost.
        # So nobody is told that a job is gone before all that is repeated has been answered.
        def answered(reply: Reply) -> None:
            if not isinstance(reply, StoreUnavailableError):
                self._mailbox.read(function, then_gone=gone)

        self._link.behind_everything(function, answered)

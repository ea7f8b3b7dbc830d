"""The bond between this broker and Redis: who we are there, and how a command is sent that must not be lost.

Every writing script is told our incarnation and generation and refuses an old one. So a command is not kept as
bytes but as a way to build it: when it is repeated after a reconnect, or after we had to take a new incarnation,
it is built again and speaks for who we are by then.
"""

import logging
from collections.abc import Callable
from typing import Final

import trio

from persistence.arrears import OVERHEAD_BYTES, Arrears
from persistence.debts import Debt, Debts
from persistence.durability import Durability
from persistence.errors import StoreError, StoreRefusedError, StoreUnavailableError
from persistence.functions import Function, Functions
from persistence.gathering import Gathering
from persistence.keys import Keys
from persistence.records import Incarnation, new_incarnation, spell
from persistence.remedies import with_remedy
from persistence.replies import Answer, Command, Reply
from persistence.scripts import Script
from persistence.unconfirmed import Holding
from persistence.way import Way

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 0.25
"""How long a refused command that must happen waits: as soon as an operator has helped, it should be done."""

REFUSALS: Final = (b"fenced", b"stale")


class Link:
    """Our identity in Redis and the pipe that speaks for it. Decides nothing about jobs."""

    def __init__(
        self, keys: Keys, store_timeout_seconds: float, durability: Durability, results_limit_bytes: int
    ) -> None:
        self.keys = keys
        self.functions = Functions(keys, durability)
        self.incarnation: Incarnation = new_incarnation()
        self.generation = 1
        self.store_timeout_seconds = store_timeout_seconds
        self.root = Function(b"", b"", keys.root)
        """Stands for what belongs to no function, where something is owed to that."""
        self.pipe: Way
        """Carries claims and notices, and all that is asked of functions that want no replicas."""
        self.firm: Way
        """Carries what is asked of those that do, but for claims and notices. The same as `pipe` if there are none."""
        self.holding: Holding
        """Knows what was taken there, and not by enough replicas yet."""
        self.gathering = Gathering(lambda: self.pipe.gathering)
        self.on_fenced: Callable[[Incarnation], None] = lambda lost: None
        self.arrears = Arrears(results_limit_bytes)
        self._debts = Debts()
        self._debts_made = 0
        self._owing = trio.Event()
        self._complaints: set[str] = set()

    def call(self, script: Script, function: Function, *arguments: bytes | int) -> Command:
        """The command that runs a writing script on a function, in our name."""
        return script.call(function.tag, self.incarnation, self.generation, *arguments)

    def deadline(self) -> float:
        """By when a command posted now should have been answered (trio's clock)."""
        return trio.current_time() + self.store_timeout_seconds

    def pipe_of(self, function: Function) -> Way:
        """The pipe on which this function's jobs are handed in and end. All that must keep their order goes there."""
        return self.firm if function.replicas else self.pipe

    def pipe_with(self, tag: bytes) -> Way:
        """The same for the function with this tag."""
        function = self.functions.with_tag(tag)
        return self.pipe if function is None else self.pipe_of(function)

    def behind_everything(self, function: Function, answer: Answer) -> None:
        """Call this when all that was posted of a function has been answered, with an error if a pipe broke."""
        self.gathering.close()
        question: Command = [b"EXISTS", function.tag]
        if not function.replicas:
            self.pipe.post(question, answer)
            return

        def answered(reply: Reply) -> None:
            if isinstance(reply, StoreUnavailableError):
                answer(reply)
            else:
                self.pipe.post(question, answer)

        self.firm.post(question, answered)

    def owe(
        self,
        function: Function,
        build: Callable[[], Command],
        answer: Answer,
        *,
        beside_claims: bool = False,
        length: int = 0,
    ) -> None:
        """Post a command that must happen: repeated over reconnects and refusals until Redis did it.

        `build` is called for every try; `answer` gets, once, the first reply that is no error and neither
        "fenced" nor "stale". What is owed of one function happens in the order in which it was owed, unless
        Redis takes something in the very batch in which it refuses what came before. `beside_claims`: on the pipe
        of the claims, whose order with them matters more. `length`: how many bytes of payload it keeps here.
        """
        self.gathering.close()
        pipe = self.pipe if beside_claims else self.pipe_of(function)
        self.owe_gathered(function, build, answer, pipe, length + OVERHEAD_BYTES)

    def owe_gathered(
        self, function: Function, build: Callable[[], Command], answer: Answer, pipe: Way, length: int
    ) -> None:
        """The same for what was gathered itself: it is posted where it stands among all that was."""
        self._debts_made += 1
        debt = Debt(self._debts_made, function, build, answer, pipe, length)
        self.arrears.add(length)
        if self._debts.any_of(function):
            self._debts.put(debt)
        else:
            self._try(debt)

    def _try(self, debt: Debt) -> None:
        spoken_as = self.incarnation

        def built() -> Command:
            nonlocal spoken_as
            spoken_as = self.incarnation
            return debt.build()

        def settled(reply: Reply) -> None:
            if isinstance(reply, StoreError):
                self.complain(reply)
                self._debts.put(debt)
                self._owing.set()
            elif reply in REFUSALS:
                self.refused(reply, spoken_as)
                self._try(debt)
            else:
                if self._complaints:
                    self._withdraw_complaints()
                self.arrears.pay(debt.length)
                self.settle(debt.function)
                debt.answer(reply)

        debt.pipe.post(debt.build(), settled, again=built)

    def settle(self, function: Function) -> None:
        """Try once more what Redis refused of this function, for what is posted next must come after it."""
        if self._debts.any_of(function):
            for debt in self._debts.take(function):
                self._try(debt)

    def settle_all(self) -> None:
        """Try once more all that Redis refused."""
        for debt in self._debts.take_all():
            self._try(debt)

    async def collect(self) -> None:
        """The duty that sends what Redis refused once more. Endless; what is owed is kept on cancellation.

        One of each function is tried, and only when Redis takes it the others: they may be many, and long.
        """
        while True:
            await self._owing.wait()
            await trio.sleep(RETRY_SECONDS)
            self._owing = trio.Event()
            for debt in self._debts.take_the_oldest():
                self._try(debt)

    @property
    def owes(self) -> int:
        """How many commands wait to be sent once more."""
        return len(self._debts)

    def complain(self, error: StoreError) -> None:
        """Redis refused something: say so in the log, once for each kind until it is over."""
        if isinstance(error, StoreRefusedError) and error.word not in self._complaints:
            self._complaints.add(error.word)
            what = with_remedy(error)
            log.error("Redis refuses to work: %s. What ended meanwhile is kept, and written down later", what)

    def _withdraw_complaints(self) -> None:
        self._complaints.clear()
        log.info("Redis works again")

    def refused(self, reply: Reply, lost: Incarnation) -> None:
        """A script refused us. If we were declared lost under the name we still bear: go on under a new one.

        A "stale" needs nothing: the command was of an earlier connection, and is built anew.
        """
        if reply != b"fenced" or lost != self.incarnation:
            return
        self.incarnation = new_incarnation()
        self.generation = 1
        for function in self.functions.all():
            function.start_anew()
        log.warning(
            "this broker was taken for lost (%s) while it could not reach Redis; it goes on as %s. "
            "What its workers run may be run again by others",
            spell(lost).decode(),
            spell(self.incarnation).decode(),
        )
        self.on_fenced(lost)

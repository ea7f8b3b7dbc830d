"""The store: jobs in Redis, as the broker sees them. It knows no packets and no peers.

Two pipes to the same server, or to each node of a cluster (`persistence.ways`). The first carries every transition
and, on the same stream, the notices that work is there: so a claim that found nothing and the notice that came after it
cannot be confused. The second (`bulk`) fetches what is large or slow, where it holds up nobody. Where jobs must be on
replicas before they are accepted, there is a third (`firm`), for what is handed in and what ends: waiting for replicas
holds up a whole connection.
"""

import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Final

import trio

from persistence.adopting import Adopting
from persistence.alarm import Alarm
from persistence.asking import Asking
from persistence.asking_all import ask_all
from persistence.attending import Attending
from persistence.claiming import Claiming
from persistence.durability import Durability
from persistence.ending import Ending
from persistence.errors import StoreError, StoreRefusedError
from persistence.events import StoreEvents
from persistence.functions import Function
from persistence.handshake import Handshake
from persistence.inspector import INSPECTION_SECONDS, Inspector
from persistence.introducing import introduce
from persistence.janitor import FENCES_KEPT_SECONDS, Janitor
from persistence.jobs import Order, Submitted
from persistence.keeper import Keeper
from persistence.keys import Keys
from persistence.link import Link
from persistence.listing import Listing
from persistence.mailbox import Mailbox
from persistence.options import RedisOptions
from persistence.outage import Outage
from persistence.records import Handle, Incarnation, JobId, read_handle
from persistence.rejoining import Rejoining
from persistence.replies import Reply, expect_bytes, expect_dict
from persistence.scripts import LEAVE
from persistence.steering import Steering
from persistence.submitting import Handed, Submit, SubmitAnswer, post_submits
from persistence.sweeper import Sweeper
from persistence.syncing import check_that_it_syncs
from persistence.unwrapping import unwrapped
from persistence.ways import Ends, ways_to
from persistence.weaknesses import weaknesses
from protocol import Priority

log = logging.getLogger(__name__)

RESULTS_LIMIT_BYTES: Final = 32 * 1024 * 1024
"""Half of what a mailbox takes at once: all of it may be for the clients of one other broker."""

ENOUGH_WRITES: Final = 2
"""So many unanswered writes keep a server busy: it works on one, and the next is there."""

QUEUE_NOTICES: Final = {b"q%d" % priority: priority for priority in Priority}


class Store:
    """Everything a broker asks of Redis. Open it with `open_store`."""

    def __init__(  # noqa: PLR0913 - by keyword, what an operator says of a store
        self,
        options: RedisOptions,
        events: StoreEvents,
        *,
        prefix: bytes,
        handle_prefix: bytes,
        store_timeout_seconds: float,
        presence_ttl_seconds: float,
        describe: Callable[[], bytes],
        durability: Durability | None = None,
        results_limit_bytes: int = RESULTS_LIMIT_BYTES,
        inspection_seconds: float = INSPECTION_SECONDS,
    ) -> None:
        self._options = options
        self._events = events
        self._durability = durability or Durability()
        self.outage = Outage(options.cluster_address or options.address)
        self.ways = ways_to(options, self.outage)
        link = self.link = Link(Keys(prefix), store_timeout_seconds, self._durability, results_limit_bytes)
        bulk = self.bulk = self.ways.bulk(
            link.keys.root, self._on_batch, lambda concerns: self.mailbox.read_again(concerns)
        )

        # What is asked of a store.
        self.claiming = Claiming(link, bulk, handle_prefix)
        self.adopting = Adopting(link)
        self.ending = Ending(link)
        self.asking = Asking(link, bulk)
        self.listing = Listing(link, bulk, handle_prefix)
        self.steering = Steering(link, handle_prefix)

        # What goes on without being asked; `open_store` runs it.
        self.keeper = Keeper(link, bulk, presence_ttl_seconds, describe)
        self.janitor = Janitor(link, bulk, self.keeper, presence_ttl_seconds)
        self.alarm = Alarm(link, bulk)
        self.sweeper = Sweeper(link, bulk)
        self.inspector = Inspector(bulk, self._durability, inspection_seconds)
        self.mailbox = Mailbox(link, bulk, events)

        # The way of every transition, which needs those above when it connects.
        attending = Attending(link, self.mailbox, events)
        self._rejoining = Rejoining(link, self.keeper, self.claiming, self.ending, attending, events)
        self.pipe = self.ways.store(self._ends())
        self.firm = self.ways.firm
        self._ways = [self.pipe] if self.firm is None else [self.pipe, self.firm.pipe]
        self._complete_the_link()
        self.on_new_incarnation: Callable[[Incarnation], None] = lambda name: None
        """Called when we go on under a new name."""

    def _ends(self) -> Ends:
        return Ends(
            self.link,
            self.keeper,
            self.alarm,
            self._rejoining,
            self._events,
            on_greeted=self._on_greeted,
            on_push=self._on_push,
            on_batch=self._on_batch,
            on_flush=self._on_flush,
            durability=self._durability,
        )

    def _complete_the_link(self) -> None:
        """The parts have the link; now it learns of those that it calls: the ways, and who posts what is gathered."""
        link = self.link
        link.pipe = link.firm = self.pipe
        if self.firm is not None:
            link.firm, link.holding = self.firm.pipe, self.firm.replication
        link.gathering.post_ends = self.ending.post_ends
        link.gathering.post_claims = self.claiming.post_claims
        link.gathering.post_submits = partial(post_submits, link)
        link.on_fenced = self._on_fenced

    @property
    def connected(self) -> bool:
        """Whether Redis is there; if not, posting means waiting."""
        return self.pipe.connected

    def reaches(self, function: Function) -> bool:
        """Whether what is asked of this function now leaves at once."""
        return self.pipe.reaches(function.tag)

    @property
    def away_because(self) -> StoreError | None:
        """Why Redis is known to be out of reach, so that it is no use to ask and wait; None if it may answer."""
        return self.pipe.away_because or self.bulk.away_because

    @property
    def lags(self) -> bool:
        """Whether Redis, or a node of it, has more to do than keeps it busy: who asks more now only waits longer."""
        return any(server.unanswered_writes >= ENOUGH_WRITES for way in self._ways for server in way.servers)

    @contextmanager
    def hoping(self) -> Iterator[None]:
        """A block that ends by a StoreError when Redis is, or proves to be, out of reach: for what need not be done."""
        with self.pipe.hoping(), self.bulk.hoping():
            yield

    def gather(self) -> None:
        """An event begins that may ask much of Redis; `flush` is called at its end, before anybody waits."""
        self.pipe.gather()
        if self.firm is not None:
            self.firm.pipe.gather()

    def flush(self) -> None:
        """Let what was asked since `gather` leave."""
        self.pipe.flush()

    def _on_flush(self) -> None:
        self.link.gathering.close()
        if self.firm is not None:
            self.firm.pipe.flush()

    def function(self, name: bytes) -> Function:
        """The function with this name; written down in Redis the first time it is met here."""
        known = self.link.functions.get(name)
        if known is None:
            known = self.link.functions.meet(name)
            introduce(self.link, known)
        return known

    def spelled_here(self, handle: bytes) -> tuple[Function, Handle] | None:
        """The function of the job with this handle, and how this broker spells the handle: prefixes may differ.

        None when nothing of that function was met here, so that nobody here runs the job or waits for it.
        """
        read = read_handle(handle)
        function = None if read is None else self.link.functions.with_tag(self.link.keys.tag(read[0]))
        return None if read is None or function is None else (function, self.claiming.handle(function, read[1]))

    def listen(self, function: Function) -> None:
        """Hear the notices of a function from now on; what is claimed after this call misses none.

        A break needs nothing: whoever needs the notices asks again when told that we are reconnected.
        """

        def answered(reply: Reply) -> None:
            if isinstance(reply, StoreRefusedError):
                self.link.complain(reply)
                self.link.owe(function, lambda: [b"SSUBSCRIBE", function.tag], self._listens_late(function))

        self.pipe.post([b"SSUBSCRIBE", function.tag], answered)

    def _listens_late(self, function: Function) -> Callable[[Reply], None]:
        def listens(reply: Reply) -> None:
            for priority in Priority:
                self._events.work_noticed(function, priority)

        return listens

    def mind_no_more(self, function: Function) -> None:
        """Hear the notices of a function no longer."""
        self.pipe.post([b"SUNSUBSCRIBE", function.tag], lambda reply: None)

    def submit(
        self,
        function: Function,
        order: Order,
        answer: SubmitAnswer,
        handed: Handed | None = None,
        joined_unheard: Callable[[JobId], None] | None = None,
    ) -> None:
        """Store a job of this function, or join the one that holds its unique.

        `answer` is called once: when Redis has it, or with a StoreError after the store timeout. A submit that was
        sent and not answered may have been stored, and then runs. With `handed`, the oldest job of the function
        comes back in the same trip, to be run here. `joined_unheard` is called with a job of another's that it may have
        joined, though a StoreError was answered: we may listen to that now.
        """
        if order.run_at is not None:
            answer = self._then_set_the_alarm(function, answer)
        Submit(self.link, self.claiming, function, order, answer, handed, joined_unheard).post()

    def _then_set_the_alarm(self, function: Function, answer: SubmitAnswer) -> SubmitAnswer:
        def answered(outcome: Submitted | StoreError, job: JobId) -> None:
            self.alarm.look_again(function)
            answer(outcome, job)

        return answered

    def _on_push(self, push: list[Reply]) -> None:
        """One notice, in stream order with the replies."""
        if push[0] != b"smessage":
            return
        notice = expect_bytes(push[2])
        function = self.link.functions.with_tag(expect_bytes(push[1]))
        if function is None:
            return
        priority = QUEUE_NOTICES.get(notice[:2])
        kind = notice[:1]
        if priority is not None:
            for _ in range(int(notice[2:] or 1)):
                self._events.work_noticed(function, priority)
        elif kind == b"s":
            self.alarm.look_again(function)
        elif kind == b"m" and notice[1:] == self.link.incarnation:
            self.mailbox.read(function)
        elif kind == b"a":
            self._events.audience_changed(function, JobId(notice[1:]))
        elif kind == b"c":
            self._events.cancelled(function, JobId(notice[1:]))

    def _on_batch(self) -> None:
        self.claiming.return_the_unwanted()
        self._events.batch_done()

    async def _on_greeted(self, address: str, handshake: Handshake) -> None:
        if self._durability.fsync:
            await check_that_it_syncs(handshake, address, vouched=self._durability.vouched)

    def _on_fenced(self, lost: Incarnation) -> None:
        self.mailbox.start_anew()
        self.claiming.drop_fetches()
        self._events.fenced()
        self.pipe.bring_all_back()
        self._rejoining.rejoin_as(self.link.incarnation)
        if self.firm is not None:
            self.firm.begin_anew()
        self.on_new_incarnation(self.link.incarnation)

    async def leave(self) -> bool:
        """A clean end: nothing here runs or is waited for any more, so no one need look for us. Raises StoreError.

        Cancelled, failed or False (something is still ours in Redis), the presence stands still: another broker cleans
        up after its TTL, or the next in our place at its start.
        """
        keys, incarnation = self.link.keys, self.link.incarnation
        self.keeper.leave()
        self.link.settle_all()
        await self.asking.everything_before()
        calls = [LEAVE.call(each.tag, incarnation, FENCES_KEPT_SECONDS) for each in self.link.functions.all()]
        # Together: one trip for each of a hundred functions takes longer than a goodbye may, where Redis is far.
        if b"busy" in await ask_all(self.pipe, calls, self.link.store_timeout_seconds):
            log.warning("something is still ours in Redis; who starts in our place, or another broker, returns it")
            return False
        # Behind the last raise, which would bring the presence back.
        gone = [[b"HDEL", key, incarnation] for key in (keys.beats, keys.brokers)]
        await ask_all(self.bulk, gone, self.link.store_timeout_seconds)
        return True

    async def weaknesses(self) -> list[str]:
        """By what the server may lose a job that it has confirmed, a clause each. Raises StoreError."""
        trusting = self._options.fails_over and self._durability.fsync and not self._durability.most_replicas
        found = [await weaknesses(server, trusts_its_disk=trusting) for server in self.bulk.servers]
        return list(dict.fromkeys(weakness for of_one in found for weakness in of_one))

    async def workers_elsewhere(self) -> dict[bytes, int]:
        """How many workers of each function are connected to other brokers that live. Raises StoreError."""
        patience = self.link.store_timeout_seconds
        reply = await self.bulk.ask(b"HGETALL", self.link.keys.brokers, timeout_seconds=patience)
        totals: dict[bytes, int] = {}
        for incarnation, described in expect_dict(reply).items():
            if incarnation != self.link.incarnation:
                for name, workers in json.loads(expect_bytes(described)).get("workers", {}).items():
                    function = name.encode("latin-1")
                    totals[function] = totals.get(function, 0) + int(workers)
        return totals


@asynccontextmanager
async def open_store(store: Store, *, previous: Incarnation | None = None) -> AsyncIterator[Store]:
    """Connect a store and keep its duties running for the length of the block.

    `previous` is the incarnation of a broker that is known to be dead, for its place was free to take: its jobs are
    returned at once. Raises StoreError when Redis cannot be reached, refuses us, or is not fit to be used. A
    cancelled block leaves nothing behind but a presence that stands still.
    """
    duties = (
        store.link.collect,
        store.keeper.run,
        store.janitor.run,
        store.alarm.run,
        store.inspector.run,
        store.mailbox.run,
        store.sweeper.run,
    )
    with unwrapped():
        async with trio.open_nursery() as nursery:
            for run in store.ways.duties():
                await nursery.start(lambda task_status, run=run: run(task_status=task_status))
            for duty in duties:
                nursery.start_soon(duty)
            if previous is not None:
                await store.janitor.return_everything_of(previous)
            yield store
            nursery.cancel_scope.cancel()

"""Jobs on their way from gearmand's queue to the store: a batch is read, stored, perhaps deleted there; then the next.

Nothing is kept but the batch at hand. A batch is deleted at the source only after the store has confirmed all of it;
whatever ends this in between, the next run finds the rest, and knows what it finds again by its mark.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import trio

from broker.coalescing import coalescing
from broker.importing.tally import Tally
from persistence import Adopted, Adoptee, Store, StoreError, mark_of
from persistence.gearmand import Batch, Entry, QueueReader


@dataclass(frozen=True, slots=True)
class Move:
    """One import on its way.

    Attributes:
        source: where the jobs are.
        store: where they are to be.
        tally: counts what becomes of them.
        batch_name: what the marks of this import are told from others by.
        delete: whether to delete at the source what is safe here.
        tell: called with a line for each entry that is refused.
    """

    source: QueueReader
    store: Store
    tally: Tally
    batch_name: bytes
    delete: bool
    tell: Callable[[str], None]

    async def run(self) -> None:
        """Take the whole queue over.

        Raises:
            SourceError: the source cannot be read, or not deleted from, any further.
            StoreError: the store did not take a job.
        """
        while (batch := await trio.to_thread.run_sync(self.source.next_batch)) is not None:
            self._tell_refused(batch)
            if batch.entries:
                outcomes = await self._store_all(batch.entries)
                for entry, outcome in zip(batch.entries, outcomes, strict=True):
                    self.tally.count(entry, outcome)
                if self.delete:
                    self.tally.deleted += await trio.to_thread.run_sync(self.source.delete, batch.entries)

    def _tell_refused(self, batch: Batch) -> None:
        self.tally.vanished += batch.vanished
        for refused in batch.refused:
            self.tally.refused[refused.kind] += 1
            self.tell(f"{refused.name} was not imported: {refused.why}")

    async def _store_all(self, entries: Sequence[Entry]) -> list[Adopted]:
        """Post all of a batch at once, in order, and wait for every answer."""
        answers: dict[int, Adopted | StoreError] = {}
        everything = trio.Event()

        def answered(at: int, outcome: Adopted | StoreError) -> None:
            answers[at] = outcome
            if len(answers) == len(entries):
                everything.set()

        for at, entry in enumerate(entries):
            self._post(entry, partial(answered, at))
        await everything.wait()
        outcomes = []
        for at in range(len(entries)):
            outcome = answers[at]
            if isinstance(outcome, StoreError):
                raise outcome
            outcomes.append(outcome)
        return outcomes

    def _post(self, entry: Entry, answered: Callable[[Adopted | StoreError], None]) -> None:
        job = self._adoptee(entry)
        if self.tally.dry_run:
            self.store.adopting.try_out(job, answered)
        else:
            self.store.adopting.adopt(self.store.function(entry.function), job, answered)

    def _adoptee(self, entry: Entry) -> Adoptee:
        when, priority = b"%d" % entry.run_at, b"%d" % entry.priority
        return Adoptee(
            function=entry.function,
            unique=coalescing(entry.unique, entry.payload),
            payload=entry.payload,
            priority=entry.priority,
            run_at=entry.run_at,
            mark=mark_of(self.batch_name, entry.unique, priority, when, entry.payload),
        )

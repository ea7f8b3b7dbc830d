"""What one event asks for the same function, put together: all ends in one script, all submits, all claims.

Within an event the order of the three is ours to choose, for it comes from many peers at once: ends first, for they
free uniques; then submits; then claims, so that they find what was submitted. Where it is not ours, what was gathered
leaves first: before a job ends whose unique was submitted again, and before anything else that is asked of Redis.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from persistence.functions import Function

if TYPE_CHECKING:
    from persistence.claiming import Claim
    from persistence.ending import End
    from persistence.submitting import Submit

PartT = TypeVar("PartT")

MOST: Final = 128
"""Jobs in one script: some hundred microseconds in which Redis serves nobody else."""
MOST_BYTES: Final = 262_144
"""Bytes of records, or of results, in one script: a hundred large ones together would be more than a pipe takes, or
a server."""
MOST_CLAIMS: Final = 32
"""So many answers may come whole at 64 kB each; see persistence.claiming."""


def some_at_a_time(parts: Sequence[PartT]) -> list[Sequence[PartT]]:
    """As many in each as one script takes: a client may wait for a million jobs, and Redis serves others, too."""
    return [parts[at : at + MOST] for at in range(0, len(parts), MOST)]


class Batch:
    """What was gathered for one function."""

    __slots__ = ("claims", "ended_bytes", "ends", "function", "submits", "submitted_bytes", "uniques")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.ends: list[End] = []
        self.ended_bytes = 0
        self.submits: list[Submit] = []
        self.submitted_bytes = 0
        self.uniques: set[bytes] = set()
        self.claims: dict[int, list[Claim]] = {}
        """By the lowest priority asked for."""


class Gathering:
    """Gathers as long as `is_open()`; otherwise what comes is posted at once. The rest are who posts it.

    `is_open` is asked of the first only: where that was gathered, those behind it are, until `close`.
    """

    def __init__(self, is_open: Callable[[], bool]) -> None:
        self._is_open = is_open
        self._batches: dict[bytes, Batch] = {}
        self.post_ends: Callable[[Function, list[End]], None]
        self.post_submits: Callable[[Function, list[Submit]], None]
        self.post_claims: Callable[[Function, int, list[Claim]], None]

    def end(self, function: Function, end: "End") -> None:
        """A run has ended."""
        posts_at_once = not (self._batches or self._is_open())
        batch = self._batches.get(function.name) or self._new_batch(function)
        length = len(end.payload) if end.aloud else 0  # of the others nothing travels
        is_full = len(batch.ends) >= MOST or batch.ended_bytes + length > MOST_BYTES
        if is_full or (end.unique and end.unique in batch.uniques):
            self.close()
            batch = self._new_batch(function)
        batch.ends.append(end)
        batch.ended_bytes += length
        if posts_at_once:
            self.close()

    def submit(self, function: Function, submit: "Submit", unique: bytes, length: int) -> None:
        """A job with that unique, in a record that long."""
        posts_at_once = not (self._batches or self._is_open())
        batch = self._batches.get(function.name) or self._new_batch(function)
        if len(batch.submits) >= MOST or batch.submitted_bytes + length > MOST_BYTES:
            self.close()
            batch = self._new_batch(function)
        batch.submits.append(submit)
        batch.submitted_bytes += length
        if unique:
            batch.uniques.add(unique)
        if posts_at_once:
            self.close()

    def claim(self, function: Function, lowest: int, claim: "Claim") -> None:
        """Somebody wants a job of that priority at least."""
        posts_at_once = not (self._batches or self._is_open())
        batch = self._batches.get(function.name) or self._new_batch(function)
        claims = batch.claims.get(lowest)
        if claims is None:
            claims = batch.claims[lowest] = []
        claims.append(claim)
        if posts_at_once or len(claims) >= MOST_CLAIMS:
            self.close()

    def close(self) -> None:
        """Post what was gathered."""
        while self._batches:
            batches, self._batches = self._batches, {}
            for batch in batches.values():
                if batch.ends:
                    self.post_ends(batch.function, batch.ends)
                if batch.submits:
                    self.post_submits(batch.function, batch.submits)
                for lowest, claims in batch.claims.items():
                    self.post_claims(batch.function, lowest, claims)

    def _new_batch(self, function: Function) -> Batch:
        batch = self._batches[function.name] = Batch(function)
        return batch

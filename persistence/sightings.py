"""Who was seen to live, and since when not: the judgement over presences. Asks nobody and knows no clock."""

from dataclasses import dataclass

from persistence.records import Incarnation


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a presence had come when it was last seen to move."""

    beats: int
    moved_at: float


class Sightings:
    """What one janitor has seen. All times are of its own monotonic clock, in seconds."""

    def __init__(self, ttl_seconds: float, now: float) -> None:
        self._ttl_seconds = ttl_seconds
        self._looked_at = now
        self._seen: dict[Incarnation, Sight] = {}

    def lapsed(self, presences: dict[Incarnation, int], now: float, answered_at: float) -> list[Incarnation]:
        """Look at all presences there are: which of them stood still for a whole TTL while we could see it?

        `answered_at` is when a raise of our own was last answered. A look that was late itself (Redis was away,
        this process was stopped), or one while our own raises fail, proves nothing about the time before it.
        """
        blind = now - self._looked_at > self._ttl_seconds / 2 or now - answered_at > self._ttl_seconds / 2
        self._looked_at = now
        seen = {}
        for name, beats in presences.items():
            before = self._seen.get(name)
            seen[name] = Sight(beats, now) if before is None or before.beats != beats or blind else before
        self._seen = seen
        return [name for name, sight in seen.items() if now - sight.moved_at >= self._ttl_seconds]

    def forget(self, name: Incarnation) -> None:
        """This one is no more."""
        self._seen.pop(name, None)

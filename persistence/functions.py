"""What this process knows of each function: where its keys are, and which of its own submits are on the way."""

from dataclasses import dataclass, field

from persistence.durability import Durability
from persistence.keys import Keys, digest_of


@dataclass(slots=True)
class Function:
    """One function, as the store sees it from here."""

    name: bytes
    digest: bytes
    tag: bytes
    replicas: int = 0
    """How many replicas must have a background job of it before its client hears so."""
    known: bool = False
    """Whether Redis knew it when it was last compared with what is here."""
    may_be_full: bool = True
    """Whether a submit may be refused for it, as far as is known from the last job that one brought back."""
    to_introduce: bool = False
    """Whether Redis is to know it as soon as its place there can be prepared."""
    last_number: int = 0
    """The highest number given to a submit in this incarnation."""
    unanswered: dict[int, bytes] = field(default_factory=dict)
    """The numbers on the way, oldest first: what may still be repeated. With the unique of each."""

    def next_number(self, unique: bytes) -> int:
        """Count one more submit, and expect its answer."""
        self.last_number += 1
        self.unanswered[self.last_number] = unique
        return self.last_number

    def answered(self, number: int) -> None:
        """A submit was answered, or given up: it will not be repeated."""
        self.unanswered.pop(number, None)

    @property
    def floor(self) -> int:
        """Every number below has been answered."""
        return next(iter(self.unanswered), self.last_number + 1)

    def start_anew(self) -> None:
        """A new incarnation numbers from the beginning."""
        self.last_number = 0
        self.unanswered.clear()


class Functions:
    """Every function whose jobs passed through this broker, by name and by digest."""

    def __init__(self, keys: Keys, durability: Durability) -> None:
        self._keys = keys
        self._durability = durability
        self._by_name: dict[bytes, Function] = {}
        self._by_digest: dict[bytes, Function] = {}

    def get(self, name: bytes) -> Function | None:
        """The function with this name, if it was met."""
        return self._by_name.get(name)

    def meet(self, name: bytes) -> Function:
        """The function with this name."""
        function = self._by_name.get(name)
        if function is None:
            digest = digest_of(name)
            function = Function(name, digest, self._keys.tag(digest), self._durability.replicas_for(name))
            self._by_name[name] = self._by_digest[digest] = function
        return function

    def with_tag(self, tag: bytes) -> Function | None:
        """The function with this tag, if it was met."""
        return self._by_digest.get(self._keys.digest(tag))

    def all(self) -> list[Function]:
        """Every function met so far."""
        return list(self._by_name.values())

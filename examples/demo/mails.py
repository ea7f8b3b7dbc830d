"""The thirty mails: all priorities, one for later, one that only bytes can carry."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from protocol import Priority

COUNT = 30
SERIALIZED_NUMBER = 23  # late enough to be among those that wait when the broker is killed
DELAYED_NUMBER = 20

# What PHP's serialize() makes of an object with a private and a protected property: NULs stand around their
# owners' names. Stores that keep payloads as text cut it at the first one.
SERIALIZED = (
    b'O:4:"Mail":3:{s:2:"to";s:15:"ann@example.org";s:13:"\0Mail\0subject";s:7:"Minutes";s:7:"\0*\0body";s:5:"Hello";}'
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is queued."""

    number: int
    priority: Priority
    payload: bytes
    run_at: int | None = None
    """Not before this unix second."""

    @property
    def rank(self) -> tuple[Priority, int]:
        """Whoever queues all mails before a worker comes may expect them to be sent in this order."""
        return self.priority, self.number


def write_mails(delayed_until: int) -> Sequence[Mail]:
    """The mails in the order in which they are queued, priorities mixed."""
    return [_mail(number, delayed_until) for number in range(1, COUNT + 1)]


def _mail(number: int, delayed_until: int) -> Mail:
    if number == SERIALIZED_NUMBER:
        return Mail(number, Priority.NORMAL, SERIALIZED)
    payload = json.dumps({"to": f"reader{number}@example.org", "subject": f"Letter {number}"}).encode()
    if number == DELAYED_NUMBER:
        return Mail(number, Priority.NORMAL, payload, delayed_until)
    return Mail(number, (Priority.LOW, Priority.HIGH, Priority.NORMAL)[number % 3], payload)

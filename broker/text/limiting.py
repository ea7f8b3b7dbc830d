"""maxqueue: how many jobs a function may hold, for all brokers and over restarts."""

from broker.core import Broker
from broker.session import Session
from broker.text.replies import OK, answer_later, incomplete
from persistence import Limits
from protocol import LARGEST_NUMBER, RemoteProtocolError, read_number


def on_maxqueue(broker: Broker, session: Session, words: list[bytes]) -> None:
    """``maxqueue NAME [N]`` or ``maxqueue NAME HIGH NORMAL [LOW]``.

    A submit of a priority is refused while the function holds that many jobs, whatever their priorities, running
    ones included. No number, or none above zero, is no limit.
    """
    if len(words) < 2:
        session.say_bytes(incomplete(words[0]))
        return
    limits = read_limits(words[2:])

    async def limit() -> bytes:
        await broker.store.steering.limit(words[1], limits)
        return OK

    answer_later(broker, session, limit)


def read_limits(words: list[bytes]) -> Limits:
    """One number is for every priority; of several, those that are missing are no limit."""
    numbers = [_number(word) for word in words]
    return Limits(*(numbers * 3 if len(numbers) == 1 else numbers))


def _number(word: bytes) -> int:
    try:
        return read_number(word)
    except RemoteProtocolError:
        return LARGEST_NUMBER

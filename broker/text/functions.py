"""create function, drop function: which functions there are, for all brokers."""

from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.text.counting import workers_anywhere
from broker.text.replies import OK, answer_later, incomplete
from persistence import Dropped

NOT_FOUND: Final = b"ERR function not found\r\n"
IN_USE: Final = b"ERR there are still connected workers or executing clients\r\n"
ANSWERS: Final = {Dropped.DROPPED: OK, Dropped.UNKNOWN: NOT_FOUND, Dropped.BUSY: IN_USE}


def on_create(broker: Broker, session: Session, words: list[bytes]) -> None:
    """``create function NAME``: from now on it is listed. It need not be new."""
    if _names_a_function(words):
        answer_later(broker, session, lambda: _create(broker, words[2]))
    else:
        session.say_bytes(incomplete(words[0]))


def on_drop(broker: Broker, session: Session, words: list[bytes]) -> None:
    """``drop function NAME``: forget it, unless it has workers or jobs anywhere."""
    if _names_a_function(words):
        answer_later(broker, session, lambda: _drop(broker, words[2]))
    else:
        session.say_bytes(incomplete(words[0]))


def _names_a_function(words: list[bytes]) -> bool:
    return len(words) == 3 and words[1].lower() == b"function"


async def _create(broker: Broker, name: bytes) -> bytes:
    await broker.store.steering.create(name)
    return OK


async def _drop(broker: Broker, name: bytes) -> bytes:
    if (await workers_anywhere(broker)).get(name):
        return IN_USE
    return ANSWERS[await broker.store.steering.drop(name)]

"""ready: whether this broker is of use just now, for load balancers and monitors. gearmand has no such command."""

from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.text.replies import OK, answer_later, error

STOPPING: Final = error(b"STOPPING", b"this broker is about to end: use another")


def on_ready(broker: Broker, session: Session, words: list[bytes]) -> None:
    """``OK`` when the store answers, and an ``ERR`` line with the reason when it does not, or this broker stops."""
    if broker.orders.stopping.is_set():
        session.say_bytes(STOPPING)
    else:
        answer_later(broker, session, lambda: _ready(broker))


async def _ready(broker: Broker) -> bytes:
    with broker.store.hoping():
        # Not a PING: a Redis that refuses to write answers those too.
        await broker.store.keeper.raise_now()
    return OK

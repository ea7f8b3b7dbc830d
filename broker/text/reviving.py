"""revive job: an operator lets a job run again that was given up. gearmand has no such command."""

from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.text.cancelling import UNKNOWN_JOB
from broker.text.replies import OK, answer_later, error, incomplete
from persistence import Revival, Revived

NOT_GIVEN_UP: Final = error(b"NOT_GIVEN_UP", b"the job was not given up: it is queued, runs, or waits for its time")
FUNCTION_DROPPED: Final = error(b"FUNCTION_DROPPED", b"the function of this job was dropped: create it again before")
ANSWERS: Final = {
    Revived.REVIVED: OK,
    Revived.UNKNOWN: UNKNOWN_JOB,
    Revived.ALIVE: NOT_GIVEN_UP,
    Revived.UNMET: FUNCTION_DROPPED,
}


def on_revive(broker: Broker, session: Session, words: list[bytes]) -> None:
    """``revive job HANDLE``: from the tail of its queue, as a background job that has used up none of its runs."""
    if len(words) == 3 and words[1].lower() == b"job":
        answer_later(broker, session, lambda: _revive(broker, words[2]))
    else:
        session.say_bytes(incomplete(words[0]))


async def _revive(broker: Broker, handle: bytes) -> bytes:
    revival = await broker.store.steering.revive(handle)
    return _unique_held(revival) if revival.outcome is Revived.HELD else ANSWERS[revival.outcome]


def _unique_held(revival: Revival) -> bytes:
    return error(b"UNIQUE_HELD", b"the unique of this job is held by job %b now" % revival.holder)

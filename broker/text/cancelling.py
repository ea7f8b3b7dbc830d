"""cancel job: an operator ends a job, whatever it is about."""

from typing import Final

from broker.core import Broker
from broker.relaying import relay_end
from broker.session import Session
from broker.text.replies import OK, answer_later, unknown_command
from broker.working import stop_running
from protocol import WorkFail

UNKNOWN_JOB: Final = b"ERR UNKNOWN_JOB\r\n"
OTHER_WORDS: Final = b"ERR UNKNOWN_ERROR\r\n"


def on_cancel(broker: Broker, session: Session, words: list[bytes]) -> None:
    """``cancel job HANDLE``. Who waits is told that the job failed; its worker, if it has one, is not told.

    Of a job that was given up, what is kept goes for good.
    """
    if len(words) < 3:
        session.say_bytes(unknown_command(words[0]))
    elif len(words) > 3 or words[1].lower() != b"job":
        session.say_bytes(OTHER_WORDS)
    else:
        answer_later(broker, session, lambda: _cancel(broker, words[2]))


async def _cancel(broker: Broker, handle: bytes) -> bytes:
    known = await broker.store.steering.cancel(handle)
    if not known:
        return UNKNOWN_JOB
    # Before the operator hears that it is done: those here must not hear of another end after that.
    here = broker.store.spelled_here(handle)
    if here is not None:
        stop_running(broker, *here)
        relay_end(broker, WorkFail(here[1]))
    return OK

"""How a job ended, in the words of the protocol."""

import logging
import traceback
from collections.abc import Iterator
from typing import Final

import trio

from peer import PayloadError
from protocol import Connection, Role, WorkComplete, WorkException, WorkFail
from protocol.wire import HEADER_BYTES
from worker.abilities import Abilities, Ability
from worker.errors import JobFailed
from worker.job import Job
from worker.processes import ChildRaisedError
from worker.telling import text_of

__all__ = ["as_payload", "outcome_of", "sendable"]

logger: logging.Logger = logging.getLogger(__name__)

LONGEST_TRACEBACK = 64 * 1024
"""Bytes. A recursion's traceback is read from its end, and need not be sent whole."""

PASSING: Final = (trio.Cancelled, KeyboardInterrupt, GeneratorExit)
"""What is meant for who runs the job, and not raised by its function; in a group or, see below, alone."""


async def outcome_of(ability: Ability, job: Job, abilities: Abilities) -> bytes:
    """Runs the function and returns the encoded packet that ends the job.

    This is the fault barrier of a job: whatever its function raises ends this job and no other, also what programs end
    by, such as sys.exit(). Cancellation passes, and then the job has no outcome: it goes back to the server.
    """
    wire = Connection(Role.PEER)
    try:
        result = await ability.run(job)
        return sendable(wire.send(WorkComplete(job.handle, as_payload(result))), abilities.max_body)
    except (trio.Cancelled, KeyboardInterrupt, GeneratorExit):
        raise
    except BaseExceptionGroup as group:
        passing, errors = group.split(PASSING)
        if passing is None:
            return wire.send(_failure(job, group, abilities.tracebacks))
        # Cancelled while its own tasks failed. The job is given back, so its errors go to the log only.
        if errors is not None:
            logger.error("%s failed while it was cancelled", job, exc_info=errors)
        raise passing from None
    except BaseException as error:  # noqa: BLE001 - see above; logged, and told to those who wait
        return wire.send(_failure(job, error, abilities.tracebacks))


def sendable(packet: bytes, max_body: int) -> bytes:
    """The same; ValueError if it is larger than a server takes.

    That would end the connection, and have the job run again, and again.
    """
    size = len(packet) - HEADER_BYTES
    if size > max_body:
        raise ValueError(f"{size} bytes are more than a server takes at once ({max_body}, see Worker's max_body)")
    return packet


def as_payload(result: object) -> bytes:
    """The bytes of what a function returned; TypeError if it has none."""
    match result:
        case bytes():
            return result
        case str():
            return result.encode()
        case None:
            return b""
        case _:
            raise TypeError(f"a job's function returns bytes, str or None, not {type(result).__name__}")


def _failure(job: Job, error: BaseException, tracebacks: bool) -> WorkFail | WorkException:
    """WORK_EXCEPTION stands alone: a WORK_FAIL after it is about a job that is over; gearmand says ERROR."""
    leaves = list(_leaves(error))
    if all(isinstance(leaf, JobFailed) for leaf in leaves):
        logger.info("%s failed: %s", job, "; ".join(map(text_of, leaves)))
        return WorkFail(job.handle)
    if isinstance(error, PayloadError):  # one end is out of date; where in our code that was noticed helps nobody
        logger.error("%s failed: %s", job, error)
        return _exception(job, f"PayloadError: {error}", "")
    if isinstance(error, ChildRaisedError):
        logger.error("%s raised in its process: %s", job, error.details)
        return _exception(job, error.summary, error.details if tracebacks else "")
    logger.error("%s raised", job, exc_info=error)
    summary = "; ".join(f"{type(leaf).__name__}: {text_of(leaf)}" for leaf in leaves)
    return _exception(job, summary, "".join(traceback.format_exception(error)) if tracebacks else "")


def _exception(job: Job, summary: str, details: str) -> WorkException:
    told = _encoded(summary)
    if details:
        told += b"\n\n" + _encoded(details)[-LONGEST_TRACEBACK:]
    return WorkException(job.handle, told)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors themselves: "Exceptions from Trio nursery" helps nobody at the other end."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _leaves(member)
    else:
        yield error

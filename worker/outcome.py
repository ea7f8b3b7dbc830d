"""How a job ended, in the words of the protocol."""

import logging
from collections.abc import Iterator

from protocol import Connection, Role, WorkComplete, WorkException, WorkFail
from worker.abilities import JobFunction
from worker.errors import JobFailed
from worker.job import Job

__all__ = ["outcome_of"]

logger = logging.getLogger(__name__)


async def outcome_of(function: JobFunction, job: Job) -> bytes:
    """Runs `function` and returns the encoded packet that ends the job.

    This is the fault barrier of a job: whatever its function raises ends this job and no other. Cancellation
    passes, and then the job has no outcome: it goes back to the server.
    """
    wire = Connection(Role.PEER)
    try:
        result = await function(job)
        return wire.send(WorkComplete(job.handle, _as_payload(result)))
    except Exception as error:  # noqa: BLE001 - see above; logged, and told to those who wait
        return wire.send(_failure(job, error))
    except BaseExceptionGroup as group:
        # Cancelled while its own tasks failed: an Exception alone would not get here. The job is given back,
        # so its errors go to the log only; what remains must pass.
        errors, rest = group.split(Exception)
        if errors is not None:
            logger.error("job %r of %r failed while it was cancelled", job.handle, job.function, exc_info=errors)
        raise (rest or group) from None


def _as_payload(result: object) -> bytes:
    match result:
        case bytes():
            return result
        case str():
            return result.encode()
        case None:
            return b""
        case _:
            raise TypeError(f"a job's function returns bytes, str or None, not {type(result).__name__}")


def _failure(job: Job, error: Exception) -> WorkFail | WorkException:
    """WORK_EXCEPTION stands alone: a WORK_FAIL after it is about a job that is over; gearmand says ERROR."""
    leaves = list(_leaves(error))
    if all(isinstance(leaf, JobFailed) for leaf in leaves):
        logger.info("job %r of %r failed: %s", job.handle, job.function, "; ".join(map(str, leaves)))
        return WorkFail(job.handle)
    logger.error("job %r of %r raised", job.handle, job.function, exc_info=error)
    text = "; ".join(f"{type(leaf).__name__}: {leaf}" for leaf in leaves)
    return WorkException(job.handle, text.encode("utf-8", "backslashreplace"))


def _leaves(error: Exception) -> Iterator[Exception]:
    """The errors themselves: "Exceptions from Trio nursery" helps nobody at the other end."""
    if isinstance(error, ExceptionGroup):
        for member in error.exceptions:
            yield from _leaves(member)
    else:
        yield error

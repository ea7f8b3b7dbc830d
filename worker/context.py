"""Which job the running code belongs to, for those who log."""

import logging
from contextvars import ContextVar

from worker.job import Job

__all__ = ["CURRENT_JOB", "JobLogFilter", "current_job"]

CURRENT_JOB: ContextVar[Job | None] = ContextVar("CURRENT_JOB", default=None)


def current_job() -> Job | None:
    """The job that the code which asks is run for, also in its tasks and threads; None outside of jobs.

    Example:
        assert current_job() is None
    """
    return CURRENT_JOB.get()


class JobLogFilter(logging.Filter):
    """Gives every log record a `job` (its handle) and a `function`; ``-`` outside of jobs. Lets all records pass.

    Example:
        handler = logging.StreamHandler()
        handler.addFilter(JobLogFilter())
        handler.setFormatter(logging.Formatter("%(asctime)s %(job)s %(function)s: %(message)s"))
        logging.getLogger("mails").addHandler(handler)
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds the two."""
        job = CURRENT_JOB.get()
        record.job = "-" if job is None else job.handle.decode("utf-8", "backslashreplace")
        record.function = "-" if job is None else job.function.decode("utf-8", "backslashreplace")
        return True

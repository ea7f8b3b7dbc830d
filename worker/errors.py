"""What a job's function raises to say that the job failed."""

__all__ = ["JobFailed", "JobGivenUp"]


class JobFailed(Exception):  # noqa: N818 - no error but the function's verdict on its job, as StopIteration is on a loop
    """Raise it in a job's function to end the job as failed (WORK_FAIL).

    The protocol has no room for a reason there: the message goes to the log. Any other exception ends the job
    as failed, too, and its type, message and traceback reach those who wait for it (WORK_EXCEPTION). Neither is tried
    again.
    """


class JobGivenUp(Exception):  # noqa: N818 - no error either, but news
    """Raised in a plain function's thread: nobody wants this run's result any more. Let it pass."""

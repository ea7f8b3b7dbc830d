"""What a job's function raises to say that the job failed."""

__all__ = ["JobFailed", "JobGivenUp"]


class JobFailed(Exception):  # noqa: N818 - no error but the function's verdict on its job, as StopIteration is on a loop
    """Raise it in a job's function to end the job as failed (WORK_FAIL).

    The protocol has no room for a reason there: the message goes to the log. Any other exception ends the job
    as failed, too, and its type, message and traceback reach those who wait for it (WORK_EXCEPTION). Neither is tried
    again.

    Example:
        worker = Worker()

        @worker.register("sendLater")
        async def send(job: Job) -> None:
            if not job.payload:
                raise JobFailed("an e-mail without a recipient")
    """


class JobGivenUp(Exception):  # noqa: N818 - no error either, but news
    """Raised in a plain function's thread: nobody wants this run's result any more. Let it pass.

    Example:
        worker = Worker()

        @worker.register_plain("index")
        def index(job: ThreadJob) -> None:
            try:
                for page in range(1000):
                    job.progress(page, 1000)
            except JobGivenUp:
                print("nobody wants it any more")
                raise
    """

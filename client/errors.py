"""What a client can be told instead of an answer, and what that says about the job."""

__all__ = [
    "CannotConnectError",
    "ClientClosedError",
    "ClientError",
    "ConnectionLostError",
    "JobFailedError",
    "JobRaisedError",
    "RefusedError",
    "ResultTooLargeError",
    "TimedOutError",
    "UnreadableReplyError",
    "UnreadableResultError",
    "UpdatesOverrunError",
]


class ClientError(Exception):
    """The client did not get what was asked for; the subclass says why."""


class CannotConnectError(ClientError):
    """The server could not be reached, or did not greet us in time; nothing of the request was sent.

    Try again later.
    """


class ClientClosedError(ClientError):
    """A client without trio was closed, or the job let go, before this was asked of it.

    The client for trio raises trio.ClosedResourceError instead.
    """


class TimedOutError(ClientError, TimeoutError):
    """The time that the caller gave a client without trio is up; under trio it is trio.TooSlowError.

    Attributes:
        handle: the job's handle if the server had accepted it, and then the job was let go; else None, and the
            request may or may not have been carried out.
    """

    def __init__(self, message: str, handle: bytes | None = None) -> None:
        super().__init__(message)
        self.handle = handle


class ConnectionLostError(ClientError):
    """The connection ended while a request or a job was under way.

    Attributes:
        handle: the job's handle if the server had accepted it, else None. With a handle, `Client.status` may
            tell more; without one, the request may or may not have been carried out, and only a submit with a
            unique may be repeated without fear of running it twice at once.
    """

    def __init__(self, message: str, handle: bytes | None = None) -> None:
        super().__init__(message)
        self.handle = handle


class RefusedError(ClientError):
    """The server answered ERROR: it did not do what was asked, and nothing was queued.

    Attributes:
        code: the word for programs, such as ``b"QUEUE_ERROR"`` when the function's queue is full.
        text: the sentence for people.
    """

    def __init__(self, code: bytes, text: bytes) -> None:
        super().__init__(f"{text.decode('utf-8', 'replace')} ({code.decode('utf-8', 'replace')})")
        self.code = code
        self.text = text


class JobFailedError(ClientError):
    """The job ended in failure: its worker said so, or the server gave it up.

    Attributes:
        handle: which job.
    """

    def __init__(self, handle: bytes, message: str = "failed") -> None:
        super().__init__(f"job {handle.decode('utf-8', 'replace')} {message}")
        self.handle = handle


class JobRaisedError(JobFailedError):
    """The job ended in an exception.

    Attributes:
        handle: which job.
        data: what the worker told about the exception, in whatever form it uses.
        summary: of that, what stands before the first empty line: from our worker, type and message.
        details: what stands behind it: from our worker, the traceback. May be empty.
    """

    def __init__(self, handle: bytes, data: bytes) -> None:
        self.summary: str
        self.details: str
        self.summary, _, self.details = data.decode("utf-8", "replace").partition("\n\n")
        super().__init__(handle, f"raised: {self.summary}")
        self.data = data


class ResultTooLargeError(ClientError):
    """A `call`'s result adds up to more than the client's `max_body`; `follow` hands it out in parts."""


class UnreadableResultError(ClientError):
    """The job is done, but its result is not what the `Function` declares: one of the two ends is out of date.

    Attributes:
        handle: which job.
        data: the result as the worker sent it.
    """

    def __init__(self, handle: bytes, data: bytes, reason: str) -> None:
        super().__init__(f"job {handle.decode('utf-8', 'replace')}: {reason}")
        self.handle = handle
        self.data = data


class UnreadableReplyError(ClientError):
    """The server answered an admin command with something that is no answer to it."""


class UpdatesOverrunError(ClientError):
    """The job's updates were not read as fast as they came; the later ones are lost, the result is not."""

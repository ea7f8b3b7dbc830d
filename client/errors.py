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
    """The client did not get what was asked for; the subclass says why.

    Example:
        try:
            handle = await client.submit_background("sendEmail", b"to: ann@example.org", unique="mail-17")
        except ClientError as error:
            print("not queued, or nobody knows:", error)
    """

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions are made again from their text alone, which most of those below are not made from. One that cannot
        # be read breaks the whole pool of processes whose task raised it.
        return _made_again, (type(self), self.args), self.__dict__


class CannotConnectError(ClientError):
    """The server could not be reached, or did not greet us in time; nothing of the request was sent.

    Try again later.

    Example:
        try:
            async with open_client("127.0.0.1:1"):
                pass
        except CannotConnectError as error:
            print("try again later:", error)
    """


class ClientClosedError(ClientError):
    """A client without trio was closed, or the job let go, before this was asked of it.

    The client for trio raises trio.ClosedResourceError instead.

    Example:
        from client.blocking import Client

        client = Client("127.0.0.1:4730")
        client.close()
        try:
            client.ping()
        except ClientClosedError as error:
            print(error)
    """


class TimedOutError(ClientError, TimeoutError):
    """The time that the caller gave a client without trio is up; under trio it is trio.TooSlowError.

    Attributes:
        handle: the job's handle if the server had accepted it, and then the job was let go; else None, and the
            request may or may not have been carried out.

    Example:
        from client.blocking import Client

        with Client("127.0.0.1:4730") as client:
            try:
                client.call("nobodyDoesThis", b"", timeout=0.1)
            except TimedOutError as error:
                print("let go:", error.handle)
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

    Example:
        try:
            result = await client.call("resize", b"a picture")
        except ConnectionLostError as error:
            print("it may have been done", "or not" if error.handle is None else f"as {error.handle!r}")
    """

    def __init__(self, message: str, handle: bytes | None = None) -> None:
        super().__init__(message)
        self.handle = handle


class RefusedError(ClientError):
    """The server answered ERROR: it did not do what was asked, and nothing was queued.

    Attributes:
        code: the word for programs, such as ``b"QUEUE_ERROR"`` when the function's queue is full.
        text: the sentence for people.

    Example:
        try:
            await client.admin.drop_function("there is none".replace(" ", "-"))
        except RefusedError as error:
            print(error.code, error.text)
    """

    def __init__(self, code: bytes, text: bytes) -> None:
        super().__init__(f"{text.decode('utf-8', 'replace')} ({code.decode('utf-8', 'replace')})")
        self.code = code
        self.text = text


class JobFailedError(ClientError):
    """The job ended in failure: its worker said so, or the server gave it up.

    Attributes:
        handle: which job.

    Example:
        async def refuse(job: Job) -> None:
            raise JobFailed("there is nothing to do")

        async with trio.open_nursery() as nursery:
            await nursery.start(run_worker, "127.0.0.1:4730", {"refuse": refuse})
            try:
                await client.call("refuse", b"")
            except JobFailedError as error:
                print(error.handle, "failed")
            nursery.cancel_scope.cancel()
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

    Example:
        async def divide(job: Job) -> str:
            return str(1 / int(job.payload))

        async with trio.open_nursery() as nursery:
            await nursery.start(run_worker, "127.0.0.1:4730", {"divideBy": divide})
            try:
                await client.call("divideBy", b"0")
            except JobRaisedError as error:
                print(error.summary)  # ZeroDivisionError: division by zero
            nursery.cancel_scope.cancel()
    """

    def __init__(self, handle: bytes, data: bytes) -> None:
        self.summary: str
        self.details: str
        self.summary, _, self.details = data.decode("utf-8", "replace").partition("\n\n")
        super().__init__(handle, f"raised: {self.summary}")
        self.data = data


class ResultTooLargeError(ClientError):
    """A `call`'s result adds up to more than the client's `max_body`; `follow` hands it out in parts.

    Example:
        async with open_client("127.0.0.1:4730", max_body=1000) as small:
            try:
                await small.call("resize", b"a picture")
            except ResultTooLargeError as error:
                print(error)
    """


class UnreadableResultError(ClientError):
    """The job is done, but its result is not what the `Function` declares: one of the two ends is out of date.

    Attributes:
        handle: which job.
        data: the result as the worker sent it.

    Example:
        size = Function("resize", payload=bytes, result=int)
        try:
            await client.call(size, b"a picture")  # the worker answers with bytes that are no number
        except UnreadableResultError as error:
            print(error.handle, "was done, and answered", error.data)
    """

    def __init__(self, handle: bytes, data: bytes, reason: str) -> None:
        super().__init__(f"job {handle.decode('utf-8', 'replace')}: {reason}")
        self.handle = handle
        self.data = data


class UnreadableReplyError(ClientError):
    """The server answered an admin command with something that is no answer to it.

    Example:
        try:
            functions = await client.admin.status()
        except UnreadableReplyError as error:
            print("is this a Gearman server?", error)
    """


class UpdatesOverrunError(ClientError):
    """The job's updates were not read as fast as they came; the later ones are lost, the result is not.

    Example:
        async with client.follow("resize", b"a picture", unread_bytes=1000) as job:
            try:
                async for update in job:
                    print(update)
            except UpdatesOverrunError:
                print("read faster, or allow for more")
            print(await job.result())
    """


def _made_again(kind: type[ClientError], args: tuple[object, ...]) -> ClientError:
    """An error as it was pickled or copied, but for its attributes, which follow."""
    error = kind.__new__(kind, *args)
    error.args = args
    return error

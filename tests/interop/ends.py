"""The two ends of every library, a small script each, led a line at a time.

All clients hear and say the same lines, and so do all workers, whatever they are written in: a test is written
once and run with every library. Payloads are written in hexadecimal digits.

    client HOST PORT
        queue PRIORITY FUNCTION UNIQUE PAYLOAD   a background job        says `queued HANDLE`
        call PRIORITY FUNCTION UNIQUE PAYLOAD    a job it waits for      says what it hears of the job, then `end`
        ask HANDLE                               GET_STATUS              says `status KNOWN RUNNING DONE OF`
        ... and `error WORDS`, if the library said that it could not. PRIORITY is high, normal or low; UNIQUE may be
        `none`: what the library sends then is its own affair.

    worker HOST PORT TRADE.NAME...
        record   says `ran HANDLE UNIQUE PAYLOAD`, and returns "recorded"
        step     says `started HANDLE`, then takes a step at each of the two lines it hears, and ends at the third
        talk     says all a job can say before its result, which is the payload
        raise    ends in an exception
        fail     fails
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.interop.libraries import Library
from tests.processes import ServerProcess
from tests.programs import Program, open_program

__all__ = ["Client", "Worker", "open_client", "open_worker"]


class Client:
    """A client of some library."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def queue(
        self, function: str, payload: bytes = b"x", *, priority: str = "normal", unique: str = "none"
    ) -> str:
        """Submits a background job; the handle, or `error WORDS`."""
        await self._program.say(f"queue {priority} {function} {unique} {payload.hex()}")
        said = await self._program.wait_line("")
        return said.removeprefix("queued ")

    async def begin_call(
        self, function: str, payload: bytes = b"x", *, priority: str = "normal", unique: str = "none"
    ) -> None:
        """Submits a job that the client then waits for."""
        await self._program.say(f"call {priority} {function} {unique} {payload.hex()}")

    async def end_call(self) -> list[str]:
        """All that the client hears of the job it waits for, in plain words."""
        heard: list[str] = []
        while True:
            line = await self._program.wait_line("")
            if line == "end":
                return heard
            heard.append(in_words(line))
            if line.startswith("error"):
                return heard

    async def call(
        self, function: str, payload: bytes = b"x", *, priority: str = "normal", unique: str = "none"
    ) -> list[str]:
        """Submits a job and waits for it."""
        await self.begin_call(function, payload, priority=priority, unique=unique)
        return await self.end_call()

    async def ask(self, handle: str) -> str:
        """The status of a job: known, running, done, of."""
        await self._program.say(f"ask {handle}")
        return await self._program.wait_line("")


class Worker:
    """A worker of some library."""

    def __init__(self, program: Program) -> None:
        self._program = program

    async def wait_started(self, handle: str) -> None:
        """Returns when it has begun a job of the trade `step`."""
        assert await self._program.wait_line("started") == f"started {handle}"

    async def step(self) -> None:
        """Lets the job it runs take its next step, the last of which is its end."""
        await self._program.say("")

    async def wait_ran(self) -> tuple[str, str, bytes]:
        """The next job of the trade `record`: handle, unique, payload."""
        _, handle, unique, *payload = (await self._program.wait_line("ran ")).split(" ")
        return handle, unique, bytes.fromhex("".join(payload))


@asynccontextmanager
async def open_client(library: Library, server: ServerProcess) -> AsyncIterator[Client]:
    """Starts the client of a library."""
    async with open_program(*library.client, server.host, str(server.port)) as program:
        yield Client(program)


@asynccontextmanager
async def open_worker(library: Library, server: ServerProcess, *functions: str) -> AsyncIterator[Worker]:
    """Starts the worker of a library; each function is a trade, a dot, and a name of the test's own."""
    async with open_program(*library.worker, server.host, str(server.port), *functions) as program:
        yield Worker(program)


def in_words(line: str) -> str:
    """A line with its payload spelled out."""
    word, _, payload = line.partition(" ")
    if word not in ("data", "warning", "complete", "exception"):
        return line
    return f"{word} {bytes.fromhex(payload).decode(errors='backslashreplace')}"

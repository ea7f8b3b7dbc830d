"""The public worker: what it can do, and how it is run and stopped."""

import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias, TypeVar, cast, overload

import trio

from peer import Function, parse_addresses
from peer.dial import dial
from peer.tls_argument import must_be_a_context
from protocol import DEFAULT_MAX_BODY
from worker.abilities import Abilities, Ability, JobFunction, as_bytes, checked_ability, checked_client_id
from worker.callables import must_be_a_name, must_be_async, must_be_importable, must_be_plain
from worker.draining import Drain
from worker.job import Job
from worker.keeping import Keeper
from worker.outcome import as_payload
from worker.processes import ProcessPool
from worker.signals import drain_and_cancel_on_signals
from worker.threads import ThreadJob, run_in_thread

__all__ = ["Middleware", "Worker"]

GRACE_SECONDS = 30.0

PayloadT = TypeVar("PayloadT")
ResultT = TypeVar("ResultT")
JobFunctionT = TypeVar("JobFunctionT", bound=JobFunction)

ThreadFunction: TypeAlias = Callable[[ThreadJob], bytes | str | None]
ThreadFunctionT = TypeVar("ThreadFunctionT", bound=ThreadFunction)

ProcessFunction: TypeAlias = Callable[[bytes], bytes | str | None]
ProcessFunctionT = TypeVar("ProcessFunctionT", bound=ProcessFunction)

Middleware: TypeAlias = Callable[[Job, Callable[[], Awaitable[bytes]]], Awaitable[bytes]]
"""Wraps every job: gets it, and a function that does it and returns its result's bytes. May do something before and
after, change the result, raise `JobFailed`, or not do the job at all."""


class Worker:
    """A worker: functions, registered by decorators, and a way to run them.

    Async functions run in trio's loop, plain ones in threads. No more jobs are asked for than can be started at once.
    A job runs at least once: again if its worker, the connection or the server goes away, or if its time limit
    passes. When a connection is lost, the jobs it brought are cancelled, for the server hands them out again, and
    their results are never sent.

    Args:
        concurrency: how many jobs may run at a time, over all servers.
        client_id: how the server's ``workers`` listing names this worker; told again on each new connection.
        middleware: wrappers around every job, the first one outermost, see `Middleware`.
        thread_limiter: bounds the threads of plain functions; trio's default, of 40 threads, if left out.
        processes: how many processes may run functions that keep a processor busy; as many as there are processors if
            left out. They are started when first needed, and end with `run`.
        max_body: bytes, the most that a server takes at once (our broker: `--max-packet`). A larger result, or part of
            one, fails its job; a larger payload from a server ends the connection.
        tracebacks: an exception's traceback is sent to those who wait, behind its type and message.

    Raises:
        ValueError: the arguments cannot be right.
        TypeError: a middleware is no async function of a job and what runs it.

    Example:
        worker = Worker(concurrency=4)

        @worker.register("resize", timeout=30)
        async def resize(job: Job) -> bytes:
            await job.progress(1, 2)
            return job.payload

        async with trio.open_nursery() as nursery:
            await nursery.start(worker.run, "127.0.0.1:4730")
            print(await client.call("resize", b"a picture"))
            worker.drain()
    """

    def __init__(
        self,
        *,
        concurrency: int = 1,
        client_id: bytes | str = b"",
        middleware: Sequence[Middleware] = (),
        thread_limiter: trio.CapacityLimiter | None = None,
        processes: int | None = None,
        max_body: int = DEFAULT_MAX_BODY,
        tracebacks: bool = True,
    ) -> None:
        _checked_count("concurrency", concurrency)
        if processes is not None:
            _checked_count("processes", processes)
        for wrapper in middleware:
            must_be_async(wrapper, "job", "run")
        self._concurrency = concurrency
        self._client_id = checked_client_id(client_id)
        self._middleware = tuple(middleware)
        self._thread_limiter = thread_limiter
        self._pool = ProcessPool(processes)
        self._max_body = _checked_count("max_body", max_body)
        self._tracebacks = tracebacks
        self._functions: dict[bytes, Ability] = {}
        self._for_processes: list[Callable[..., object]] = []
        self._drain = Drain()

    @overload
    def register(
        self, function: bytes | str, *, timeout: float | None = None
    ) -> Callable[[JobFunctionT], JobFunctionT]: ...

    @overload
    def register(
        self, function: Function[PayloadT, ResultT], *, timeout: float | None = None
    ) -> Callable[[Callable[[Job, PayloadT], Awaitable[ResultT]]], Callable[[Job, PayloadT], Awaitable[ResultT]]]: ...

    def register(self, function: bytes | str | Function[PayloadT, ResultT], *, timeout: float | None = None) -> object:
        """Decorates the async function that does the jobs of a function.

        Of a function given by name, it gets the `Job` and returns bytes, text or None. Of a `Function`, it gets the
        `Job` and the payload, and returns the result, as declared. A payload that does not fit fails the job with the
        reason, before it is called. If it raises `JobFailed` the job failed; any other exception ends the job, too,
        and its type, message and traceback are told to those who wait. Neither ends the worker.

        What cannot do jobs is refused with a TypeError at once: a plain function, one that takes something else.
        What is registered while `run` goes on is known to its servers from the next `run` on.

        Args:
            function: which; of several functions, the one registered first is served first.
            timeout: seconds, after which the run is cancelled here, and the server gives the job to another worker
                (gearmand: after at least one second). gearmand 1.1 keeps one timer for a connection: with
                timeouts, keep to a concurrency of 1 there.

        Example:
            worker = Worker()
            word_count = Function("wordCount", payload=str, result=int)

            @worker.register(word_count, timeout=10)
            async def count(job: Job, text: str) -> int:
                return len(text.split())
        """
        must_be_a_name(function, "register")

        def decorate(done: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
            must_be_async(done, *_arguments(function, "job"))
            if isinstance(function, Function):
                self._add(function.name, _typed(function, done), timeout)
            else:
                self._add(as_bytes(function), cast(JobFunction, done), timeout)
            return done

        return decorate

    @overload
    def register_plain(
        self, function: bytes | str, *, timeout: float | None = None
    ) -> Callable[[ThreadFunctionT], ThreadFunctionT]: ...

    @overload
    def register_plain(
        self, function: Function[PayloadT, ResultT], *, timeout: float | None = None
    ) -> Callable[[Callable[[ThreadJob, PayloadT], ResultT]], Callable[[ThreadJob, PayloadT], ResultT]]: ...

    def register_plain(
        self, function: bytes | str | Function[PayloadT, ResultT], *, timeout: float | None = None
    ) -> object:
        """As `register`, for a plain function, which is run in a thread and gets a `ThreadJob`.

        A thread cannot be cancelled: when its time is up or the worker stops, the thread is left alone, and raises
        `JobGivenUp` when it next says something. Until it ends it counts for the `thread_limiter`.

        Example:
            worker = Worker(thread_limiter=trio.CapacityLimiter(8))

            @worker.register_plain("shrink")
            def shrink(job: ThreadJob) -> bytes:
                job.progress(1, 2)
                return job.payload[::2]
        """
        must_be_a_name(function, "register_plain")

        def decorate(done: Callable[..., object]) -> Callable[..., object]:
            must_be_plain(done, "register_plain", *_arguments(function, "job"))
            if isinstance(function, Function):
                self._add(function.name, _typed(function, self._threaded_typed(done)), timeout)
            else:
                plain = cast(ThreadFunction, done)
                self._add(as_bytes(function), lambda job: run_in_thread(plain, job, self._thread_limiter), timeout)
            return done

        return decorate

    @overload
    def register_in_process(
        self, function: bytes | str, *, timeout: float | None = None
    ) -> Callable[[ProcessFunctionT], ProcessFunctionT]: ...

    @overload
    def register_in_process(
        self, function: Function[PayloadT, ResultT], *, timeout: float | None = None
    ) -> Callable[[Callable[[PayloadT], ResultT]], Callable[[PayloadT], ResultT]]: ...

    def register_in_process(
        self, function: bytes | str | Function[PayloadT, ResultT], *, timeout: float | None = None
    ) -> object:
        """As `register`, for a plain function that keeps a processor busy: it is run in a process of its own.

        It gets the payload alone (bytes, or as declared) and returns the result; what tells about a job's progress
        stays here. It must stand at the top level of a module, for the process imports it there, and a program's own
        module must not start anything when it is imported (``if __name__ == "__main__":``). When its time is up, or
        the worker stops, its process is killed.

        Example:
            worker = Worker(processes=2)

            @worker.register_in_process("crunch", timeout=60)
            def crunch(payload: bytes) -> bytes:
                return payload[::-1]
        """
        must_be_a_name(function, "register_in_process")

        def decorate(done: Callable[[PayloadT], object]) -> Callable[[PayloadT], object]:
            must_be_plain(done, "register_in_process", "payload")
            self._for_processes.append(done)
            if isinstance(function, Function):
                self._add(function.name, _typed(function, lambda job, payload: self._pool.run(done, payload)), timeout)
            else:
                plain = cast(ProcessFunction, done)
                self._add(as_bytes(function), lambda job: self._pool.run(plain, job.payload), timeout)
            return done

        return decorate

    @trio.lowlevel.enable_ki_protection
    async def run(
        self,
        *servers: str,
        tls: ssl.SSLContext | None = None,
        concurrency: int | None = None,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Runs jobs until it is cancelled, or `drain` was called and its jobs are done.

        Args:
            servers: one address or several: ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``, the port
                being 4730 if left out. The worker keeps a connection to each, and connects again, after jittered
                pauses of at most two seconds, to those it loses. A server that is down is no error: it is tried
                until it is there.
            tls: whom to trust for the servers' certificates, such as ``ssl.create_default_context()``; None speaks
                plainly.
            concurrency: how many jobs may run at a time, instead of what the worker was made with.
            task_status: started when the first of the servers has registered the functions.

        Raises:
            ValueError: the servers are no addresses, or no function is registered.
            TypeError: a function registered for processes cannot be found by them, or `tls` is no context.

        If it is cancelled, no more jobs are asked for, running ones are cancelled, the results of finished ones
        get a second to leave, and the connections are closed; the servers give unfinished jobs to others.

        Example:
            worker = Worker()

            @worker.register("echo")
            async def echo(job: Job) -> bytes:
                return job.payload

            with trio.move_on_after(0.1):
                await worker.run("127.0.0.1:4730")
        """
        addresses = parse_addresses(servers)
        must_be_a_context(tls)
        places = self._concurrency if concurrency is None else _checked_count("concurrency", concurrency)
        self.check()
        abilities = Abilities(dict(self._functions), self._client_id, self._tracebacks, self._max_body)
        keeper = Keeper(abilities, places, self._drain, task_status)
        try:
            async with trio.open_nursery() as nursery:
                for address in addresses:
                    nursery.start_soon(keeper.keep_connected, str(address), partial(dial, address, tls))
        finally:
            self._pool.close()

    def drain(self) -> None:
        """Asks for no more jobs, and lets `run` return when the running ones are done.

        What bounds how long that may take is the caller's cancel scope around `run`. A worker that has drained does
        not run again.

        Example:
            worker = Worker()

            @worker.register("lastWish")
            async def grant(job: Job) -> bytes:
                worker.drain()
                return job.payload

            async with trio.open_nursery() as nursery:
                await nursery.start(worker.run, "127.0.0.1:4730")
                print(await client.call("lastWish", b"more jobs"))
        """
        self._drain.begin()

    async def run_until_signalled(
        self,
        *servers: str,
        tls: ssl.SSLContext | None = None,
        concurrency: int | None = None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        """As `run`, for a program that is nothing but a worker: TERM or INT (Ctrl-C) stop it.

        The first signal drains: running jobs have `grace_seconds` to end, those that have not ended then are given back
        to the server. A second signal gives them back at once. Nothing is lost either way.

        Raises:
            ValueError: as `run`.
            RuntimeError: not in the main thread, which alone hears signals.

        Example:
            worker = Worker()

            @worker.register("echo")
            async def echo(job: Job) -> bytes:
                return job.payload

            with trio.move_on_after(0.1):
                await worker.run_until_signalled("127.0.0.1:4730", grace_seconds=10)
        """
        parse_addresses(servers)  # here, where no nursery of ours wraps what it raises
        self.check()
        async with drain_and_cancel_on_signals(self.drain, grace_seconds):
            await self.run(*servers, tls=tls, concurrency=concurrency)

    def check(self) -> None:
        """Raises what `run` would raise about the functions: ValueError if there is none, or TypeError.

        Example:
            worker = Worker()

            @worker.register("resize")
            async def resize(job: Job) -> bytes:
                return job.payload

            worker.check()
        """
        if not self._functions:
            raise ValueError("a worker needs at least one function")
        for done in self._for_processes:
            must_be_importable(done)  # not before: while its module is imported, it is not there yet

    def _add(self, name: bytes, run: JobFunction, timeout: float | None) -> None:
        if name in self._functions:
            raise ValueError(f"the function {name!r} is registered twice")
        self._functions[name] = checked_ability(name, self._wrapped(run), timeout)

    def _wrapped(self, run: JobFunction) -> JobFunction:
        for middleware in reversed(self._middleware):
            run = _inside(middleware, run)
        return run

    def _threaded_typed(self, done: Callable[..., object]) -> Callable[[Job, object], Awaitable[object]]:
        async def run(job: Job, payload: object) -> object:
            return await run_in_thread(lambda told: done(told, payload), job, self._thread_limiter)

        return run


def _arguments(function: object, first: str) -> tuple[str, ...]:
    """What the callable that does a function's jobs is called with."""
    return (first, "payload") if isinstance(function, Function) else (first,)


def _checked_count(name: str, number: int) -> int:
    if number < 1:
        raise ValueError(f"{name} must be at least 1, not {number}")
    return number


def _inside(middleware: Middleware, run: JobFunction) -> JobFunction:
    async def wrapped(job: Job) -> bytes:
        async def inner() -> bytes:
            return as_payload(await run(job))

        return await middleware(job, inner)

    return wrapped


def _typed(function: Function[PayloadT, ResultT], done: Callable[..., Awaitable[object]]) -> JobFunction:
    async def run(job: Job) -> bytes:
        payload = function.decode_payload(job.payload)
        return function.encode_result(cast(ResultT, await done(job, payload)))

    return run

"""Asking a server about itself, in the text half of the protocol, with records for answers."""

from client import admin_commands
from client.admin_commands import UNLIMITED
from client.admin_records import ConnectedPeer, DeadJob, FunctionQueues, FunctionStatus, ListedJob
from client.connector import Connector
from client.text_exchange import ask_in_text

__all__ = ["Admin"]


class Admin:
    """`Client.admin`: what the server knows of functions, jobs and connections, and the operator's levers.

    Each command has a connection of its own, to the server that the client is connected to; so none can disturb the
    client's jobs. Brokers that share a Redis answer for all of them, but for `workers`, which lists the connections
    of the one that is asked. A command that the server does not know, or that is not allowed from here, is a
    RefusedError, whose `code` says which. Names and handles are bytes or text.

    Cancelled, or ConnectionLostError: a question has changed nothing; `cancel_job`, `revive_job`,
    `create_function`, `drop_function`, `maxqueue` and `shutdown` may or may not have happened, and may be repeated.

    Example:
        async def idle(admin: Admin) -> list[bytes]:
            return [function.name for function in await admin.status() if function.total == 0]

        print(await idle(client.admin))
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector

    async def status(self) -> tuple[FunctionStatus, ...]:
        """Every function with its jobs and workers.

        Example:
            for function in await client.admin.status():
                print(function.name.decode(), function.queued, "queued,", function.running, "running")
        """
        return await ask_in_text(self._connector, admin_commands.STATUS)

    async def prioritystatus(self) -> tuple[FunctionQueues, ...]:
        """Every function with its queued jobs by priority.

        Example:
            print(sum(function.high for function in await client.admin.prioritystatus()), "urgent jobs")
        """
        return await ask_in_text(self._connector, admin_commands.PRIORITYSTATUS)

    async def workers(self) -> tuple[ConnectedPeer, ...]:
        """Every connection, clients included.

        Example:
            workers = [peer for peer in await client.admin.workers() if peer.functions]
        """
        return await ask_in_text(self._connector, admin_commands.WORKERS)

    async def show_jobs(self) -> tuple[ListedJob, ...]:
        """Every job that is not over.

        Example:
            retried = [job.handle for job in await client.admin.show_jobs() if job.retries > 0]
        """
        return await ask_in_text(self._connector, admin_commands.SHOW_JOBS)

    async def show_unique_jobs(self) -> tuple[bytes, ...]:
        """The unique of every job that is not over; empty for a job without one.

        Example:
            assert b"mail-17" not in await client.admin.show_unique_jobs()
        """
        return await ask_in_text(self._connector, admin_commands.SHOW_UNIQUE_JOBS)

    async def show_dead(self) -> tuple[DeadJob, ...]:
        """Every job that was given up, its runs used up. gearmand keeps none, and refuses the question.

        Example:
            try:
                for job in await client.admin.show_dead():
                    print(job.handle.decode(), "of", job.function.decode(), "was given up after", job.attempts, "runs")
            except RefusedError as error:
                print("not with gearmand:", error.text)
        """
        return await ask_in_text(self._connector, admin_commands.SHOW_DEAD)

    async def version(self) -> str:
        """The server's version.

        Example:
            print(await client.admin.version())
        """
        return await ask_in_text(self._connector, admin_commands.VERSION)

    async def getpid(self) -> int:
        """The server's process id, on its own machine.

        Example:
            print("the server is process", await client.admin.getpid())
        """
        return await ask_in_text(self._connector, admin_commands.GETPID)

    async def verbose(self) -> str:
        """The level from which on the server logs, such as ``ERROR``.

        Example:
            print(await client.admin.verbose())
        """
        return await ask_in_text(self._connector, admin_commands.VERBOSE)

    async def cancel_job(self, handle: bytes | str) -> bool:
        """Takes a queued job away; False if the server does not know it. Who waits for it is told that it failed.

        A job that runs is run to its end; of one that was given up, nothing is kept any more.

        Example:
            handle = await client.submit_background("sendEmail", b"to: ann@example.org")
            cancelled = await client.admin.cancel_job(handle)
        """
        return await ask_in_text(self._connector, admin_commands.cancel_job(handle))

    async def revive_job(self, handle: bytes | str) -> bool:
        """Lets a job run again that was given up; False if the server knows none such with this handle.

        It goes to the tail of its queue as a background job, and has all its runs before it. RefusedError with code
        ``UNIQUE_HELD`` if another job was submitted with its unique meanwhile; ``FUNCTION_DROPPED`` if its function was
        dropped, which `create_function` mends. One that shall not run again goes by `cancel_job`.

        Example:
            try:
                for job in await client.admin.show_dead():
                    revived = await client.admin.revive_job(job.handle)
            except RefusedError as error:
                print(error.text)
        """
        return await ask_in_text(self._connector, admin_commands.revive_job(handle))

    async def create_function(self, function: bytes | str) -> None:
        """Makes a function known before its first job or worker; does nothing if it is.

        Example:
            await client.admin.create_function("sendEmail")
        """
        await ask_in_text(self._connector, admin_commands.create_function(function))

    async def drop_function(self, function: bytes | str) -> None:
        """Makes a function unknown; RefusedError while it has workers, or if there is no such function.

        gearmand drops a function that has queued jobs, and then nobody ever runs them.

        Example:
            await client.admin.create_function("misspelt")
            await client.admin.drop_function("misspelt")
        """
        await ask_in_text(self._connector, admin_commands.drop_function(function))

    async def maxqueue(
        self, function: bytes | str, *, high: int = UNLIMITED, normal: int = UNLIMITED, low: int = UNLIMITED
    ) -> None:
        """Limits how many jobs a function may have; further submits raise RefusedError with code ``QUEUE_ERROR``.

        Args:
            function: which.
            high: a job of high priority is refused when the function has so many jobs, of all priorities and
                running ones included. 0: no limit.
            normal: the same for jobs of normal priority.
            low: the same for jobs of low priority.

        Example:
            await client.admin.create_function("sendEmail")
            await client.admin.maxqueue("sendEmail", high=2_000_000, normal=1_000_000, low=1_000_000)
        """
        await ask_in_text(self._connector, admin_commands.maxqueue(function, high, normal, low))

    async def shutdown(self, *, graceful: bool = False) -> None:
        """Stops the server; `graceful`: once its running jobs are done. gearmand since 1.1.15 refuses it.

        Example:
            try:
                await client.admin.shutdown(graceful=True)
            except RefusedError as error:
                print(error.text)
        """
        await ask_in_text(self._connector, admin_commands.shutdown(graceful=graceful))

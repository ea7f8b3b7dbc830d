"""Asking a server about itself, without trio."""

from typing import TypeVar

from client import admin_commands
from client.admin_commands import UNLIMITED, Command
from client.admin_records import ConnectedPeer, DeadJob, FunctionQueues, FunctionStatus, ListedJob
from client.blocking.deadline import Deadline
from client.blocking.pool import Pool

__all__ = ["Admin"]

AnswerT = TypeVar("AnswerT")


class Admin:
    """`Client.admin`: what the server knows of functions, jobs and connections, and the operator's levers.

    The same as `client.Admin`, which says more about each. Each command has a connection of its own, which counts as
    one of the client's, and the client's `timeout`. A command that the server does not know, or that is not allowed
    from here, is a RefusedError, whose `code` says which.

    Example:
        idle = [function.name for function in client.admin.status() if function.total == 0]
    """

    def __init__(self, pool: Pool, timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds

    def status(self) -> tuple[FunctionStatus, ...]:
        """Every function with its jobs and workers.

        Example:
            for function in client.admin.status():
                print(function.name.decode(), function.queued, "queued,", function.running, "running")
        """
        return self._ask(admin_commands.STATUS)

    def prioritystatus(self) -> tuple[FunctionQueues, ...]:
        """Every function with its queued jobs by priority.

        Example:
            print(sum(function.high for function in client.admin.prioritystatus()), "urgent jobs")
        """
        return self._ask(admin_commands.PRIORITYSTATUS)

    def workers(self) -> tuple[ConnectedPeer, ...]:
        """Every connection, clients included.

        Example:
            workers = [peer for peer in client.admin.workers() if peer.functions]
        """
        return self._ask(admin_commands.WORKERS)

    def show_jobs(self) -> tuple[ListedJob, ...]:
        """Every job that is not over.

        Example:
            retried = [job.handle for job in client.admin.show_jobs() if job.retries > 0]
        """
        return self._ask(admin_commands.SHOW_JOBS)

    def show_unique_jobs(self) -> tuple[bytes, ...]:
        """The unique of every job that is not over; empty for a job without one.

        Example:
            assert b"mail-17" not in client.admin.show_unique_jobs()
        """
        return self._ask(admin_commands.SHOW_UNIQUE_JOBS)

    def show_dead(self) -> tuple[DeadJob, ...]:
        """Every job that was given up, its runs used up. gearmand keeps none, and refuses the question.

        Example:
            try:
                for job in client.admin.show_dead():
                    print(job.handle.decode(), "of", job.function.decode(), "was given up after", job.attempts, "runs")
            except RefusedError as error:
                print("not with gearmand:", error.text)
        """
        return self._ask(admin_commands.SHOW_DEAD)

    def version(self) -> str:
        """The server's version.

        Example:
            print(client.admin.version())
        """
        return self._ask(admin_commands.VERSION)

    def getpid(self) -> int:
        """The server's process id, on its own machine.

        Example:
            print("the server is process", client.admin.getpid())
        """
        return self._ask(admin_commands.GETPID)

    def verbose(self) -> str:
        """The level from which on the server logs, such as ``ERROR``.

        Example:
            print(client.admin.verbose())
        """
        return self._ask(admin_commands.VERBOSE)

    def cancel_job(self, handle: bytes | str) -> bool:
        """Takes a queued job away; False if the server does not know it. Who waits for it is told that it failed.

        Example:
            handle = client.submit_background("sendEmail", b"to: ann@example.org")
            cancelled = client.admin.cancel_job(handle)
        """
        return self._ask(admin_commands.cancel_job(handle))

    def revive_job(self, handle: bytes | str) -> bool:
        """Lets a job run again that was given up; False if the server knows none such with this handle.

        See `client.Admin.revive_job` for what is refused.

        Example:
            try:
                for job in client.admin.show_dead():
                    revived = client.admin.revive_job(job.handle)
            except RefusedError as error:
                print(error.text)
        """
        return self._ask(admin_commands.revive_job(handle))

    def create_function(self, function: bytes | str) -> None:
        """Makes a function known before its first job or worker; does nothing if it is.

        Example:
            client.admin.create_function("sendEmail")
        """
        self._ask(admin_commands.create_function(function))

    def drop_function(self, function: bytes | str) -> None:
        """Makes a function unknown; RefusedError while it has workers, or if there is no such function.

        Example:
            client.admin.create_function("misspelt")
            client.admin.drop_function("misspelt")
        """
        self._ask(admin_commands.drop_function(function))

    def maxqueue(
        self, function: bytes | str, *, high: int = UNLIMITED, normal: int = UNLIMITED, low: int = UNLIMITED
    ) -> None:
        """Limits how many jobs a function may have, by priority; 0: no limit. See `client.Admin.maxqueue`.

        Example:
            client.admin.create_function("sendEmail")
            client.admin.maxqueue("sendEmail", high=2_000_000, normal=1_000_000, low=1_000_000)
        """
        self._ask(admin_commands.maxqueue(function, high, normal, low))

    def shutdown(self, *, graceful: bool = False) -> None:
        """Stops the server; `graceful`: once its running jobs are done. gearmand since 1.1.15 refuses it.

        Example:
            try:
                client.admin.shutdown(graceful=True)
            except RefusedError as error:
                print(error.text)
        """
        self._ask(admin_commands.shutdown(graceful=graceful))

    def _ask(self, command: Command[AnswerT]) -> AnswerT:
        deadline = Deadline(self._timeout_seconds)
        with self._pool.lend(deadline, fresh=True) as line:
            return line.ask_in_text(command, deadline)

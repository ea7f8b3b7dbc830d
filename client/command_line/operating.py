"""The commands of operators: cancel, dead and revive."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from client.admin_records import DeadJob
from client.blocking import Client
from client.command_line.jobs import state_of
from client.command_line.output import Output, as_text
from client.errors import RefusedError

__all__ = ["cancel", "dead", "revive"]

UNKNOWN_TO_SERVER: Final = (b"UNKNOWN_COMMAND", b"UNKNOWN_SHOW_ARGUMENTS")
ABOUT_ONE_JOB: Final = (b"UNIQUE_HELD", b"FUNCTION_DROPPED")
"""Refusals that say nothing about the next job."""


def cancel(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Takes jobs away; 1 if one of them is not known."""
    all_known = True
    for handle in options.handles:
        # Asked before, for afterwards there is nothing to ask about. The server does not tell the worker, so whoever
        # wanted the work to stop must hear that it goes on.
        running = client.status(handle).running
        known = client.admin.cancel_job(handle)
        all_known = all_known and known
        state = "cancelled" if known else "unknown"
        addition = ", but its worker is not told and runs it to its end" if known and running else ""
        output.tell(f"{handle} {state}{addition}", handle=handle, state=state, running=known and running)
    return 0 if all_known else 1


def dead(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Lists the jobs that were given up, of a function or of all; the oldest first."""
    function = None if options.function is None else os.fsencode(options.function)
    with _gearmand_explained("show dead"):
        listed = client.admin.show_dead()
    jobs = sorted((job for job in listed if function in (None, job.function)), key=lambda job: job.given_up_at)
    if not output.as_json:
        _tell_table(output, jobs)
        return 0
    for job in jobs:
        handle, name = as_text(job.handle), as_text(job.function)
        output.tell_object(handle=handle, function=name, given_up_at=job.given_up_at, attempts=job.attempts)
    return 0


def revive(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Lets jobs run again that were given up; 1 if one of them cannot, or is not known."""
    all_revived = True
    for handle in options.handles:
        try:
            with _gearmand_explained("revive job"):
                revived = client.admin.revive_job(handle)
        except RefusedError as error:
            if error.code not in ABOUT_ONE_JOB:
                raise
            all_revived = False
            output.tell(f"{handle} refused: {error}", handle=handle, state="refused", error=str(error))
            continue
        all_revived = all_revived and revived
        state = "revived" if revived else state_of(client.status(handle))
        addition = ", was not given up" if state in ("queued", "running") else ""
        output.tell(f"{handle} {state}{addition}", handle=handle, state=state)
    return 0 if all_revived else 1


@contextmanager
def _gearmand_explained(command: str) -> Iterator[None]:
    """What gearmand refuses with a bare word, or with half of what it was told, is named, with the reason."""
    try:
        yield
    except RefusedError as error:
        if error.code not in UNKNOWN_TO_SERVER:
            raise
        sentence = f"the server does not know '{command}': it is no trio-gearman, and gearmand keeps no job it gave up"
        raise RefusedError(error.code, sentence.encode()) from error


def _tell_table(output: Output, jobs: list[DeadJob]) -> None:
    """The function is last: its name may be long, and may have spaces."""
    width = max((len(as_text(job.handle)) for job in jobs), default=0)
    output.tell(f"{'HANDLE':<{width}}  {'GIVEN UP':<25}  ATTEMPTS  FUNCTION")
    for job in jobs:
        at = datetime.fromtimestamp(job.given_up_at, UTC).isoformat(timespec="seconds")
        output.tell(f"{as_text(job.handle):<{width}}  {at}  {job.attempts:>8}  {as_text(job.function)}")

"""``python -m worker module:attribute``, or ``trio-gearman-worker``: a worker as a program."""

import argparse
import logging
import sys
from collections.abc import Sequence
from functools import partial

import trio

from peer.server_options import tls_context
from worker.command_line import PROGRAM, parsed
from worker.lifeline import end_with_parent
from worker.loading import CannotLoadError, load_worker
from worker.signals import drain_and_cancel_on_signals
from worker.supervisor import CANNOT_RUN, Supervisor
from worker.watching import SourceWatch
from worker.worker import Worker

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Runs what the words ask for, and returns the exit status."""
    words = sys.argv[1:] if words is None else words
    options = parsed(words)
    try:
        return _obey(words, options)
    except KeyboardInterrupt:  # Ctrl-C before there was a worker to hear it: a stop that was asked for
        return 0


def _obey(words: Sequence[str], options: argparse.Namespace) -> int:
    logging.basicConfig(level=options.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if (options.reload or options.processes > 1) and not options.supervised:
        watch = SourceWatch() if options.reload else None
        return trio.run(Supervisor(words, options.processes, watch).run)
    try:
        worker = load_worker(options.worker)
    except CannotLoadError as error:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
        return CANNOT_RUN
    trio.run(partial(_run_supervised if options.supervised else _run, worker, options))
    return 0


async def _run(worker: Worker, options: argparse.Namespace) -> None:
    await worker.run_until_signalled(
        *options.server, tls=tls_context(options), grace_seconds=options.grace, concurrency=options.concurrency
    )


async def _run_supervised(worker: Worker, options: argparse.Namespace) -> None:
    """As `_run`, but that to end at once comes from above, and by the standard input.

    A second TERM need not be a second wish: systemd sends one to all processes of a service that it stops, to us and
    to the process above us, which passes it on.
    """
    run = partial(worker.run, *options.server, tls=tls_context(options), concurrency=options.concurrency)
    async with drain_and_cancel_on_signals(worker.drain, options.grace, second_ends=False):
        await end_with_parent(run)


if __name__ == "__main__":
    sys.exit(main())

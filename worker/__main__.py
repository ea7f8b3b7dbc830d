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
from worker.supervisor import CANNOT_RUN, Supervisor
from worker.watching import SourceWatch

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
    run = partial(
        worker.run_until_signalled,
        *options.server,
        tls=tls_context(options),
        grace_seconds=options.grace,
        concurrency=options.concurrency,
    )
    trio.run(partial(end_with_parent, run) if options.supervised else run)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The flags of ``python -m worker``."""

import argparse
from collections.abc import Sequence
from typing import Final

from peer.one_line_parser import OneLineParser
from peer.program_name import program_name
from peer.server_options import add_server_options, parsed_with_servers

__all__ = ["LEVELS", "PROGRAM", "parsed"]

PROGRAM: Final = program_name("worker", "trio-gearman-worker")

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

DESCRIPTION = """\
Runs a worker of a Python program: module:attribute names a worker.Worker, which has its functions from decorators.
TERM or Ctrl-C ends it when its running jobs are done, or --grace is over; twice, and it gives them back at once."""

EPILOG = """\
exit status: 0 after a stop that was asked for; 2 if the worker cannot be run, with one line that says why;
1 after a defect."""


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """What the words ask for; exits with status 2 and a line if they cannot be right."""
    parser = OneLineParser(
        prog=PROGRAM,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("worker", metavar="MODULE:ATTRIBUTE", help="such as shop.jobs:worker")
    parser.add_argument(
        "--concurrency", type=_count, metavar="N", help="run N jobs at a time, whatever the program says"
    )
    parser.add_argument(
        "--processes", type=_count, default=1, metavar="N", help="run the worker N times, each in a process"
    )
    parser.add_argument(
        "--reload", action="store_true", help="for development: start again when a Python file here changes"
    )
    parser.add_argument(
        "--grace", type=_seconds, default=30.0, metavar="SECONDS", help="for running jobs after a signal (30)"
    )
    parser.add_argument("--log-level", choices=LEVELS, default="INFO", help="on stderr, from this level on (INFO)")
    parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)
    add_server_options(parser)
    return parsed_with_servers(parser, words)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not seconds >= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds

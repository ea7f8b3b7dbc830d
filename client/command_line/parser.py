"""The flags of ``python -m client``."""

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Final

from client.arguments import checked_handle
from client.command_line.moments import FORMS, moment
from client.submission import When
from peer.one_line_parser import OneLineParser
from peer.program_name import program_name
from peer.server_options import add_server_options, parsed_with_servers
from protocol import Priority

__all__ = ["COMMANDS", "PRIORITIES", "PROGRAM", "answer_seconds", "parsed"]

PROGRAM: Final = program_name("client", "trio-gearman-client")

DESCRIPTION = "Submits jobs to a Gearman server, waits for them, watches them, cancels and revives them."

EPILOG = """\
exit status: 0 done; 1 a job failed, is not known, or cannot be revived; 2 the command line is wrong;
3 no server answered, or not in time; 4 the server refused; 130 after Ctrl-C (0 in watch and top)"""

A_HANDLE = "give it as submit printed it, such as H:4krk5zcwe2xy:1"

ANSWER_SECONDS: Final = 30.0

PRIORITIES = {"high": Priority.HIGH, "normal": Priority.NORMAL, "low": Priority.LOW}


class Parser(OneLineParser):
    """The parser of all commands, and of each."""

    def __init__(self, *, prog: str, description: str = "", **_: object) -> None:
        style = argparse.RawDescriptionHelpFormatter
        super().__init__(prog=prog, description=description, epilog=EPILOG, formatter_class=style, allow_abbrev=False)


def parsed(words: Sequence[str]) -> argparse.Namespace:
    """What the words ask for; exits with status 2 and a line if they cannot be right."""
    parser = Parser(prog=PROGRAM, description=DESCRIPTION)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (summary, add_flags) in COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        command.description = summary.capitalize() + "."
        add_flags(command)
        group = command.add_argument_group("output")
        group.add_argument("--json", action="store_true", help="write JSON, one object a line")
        add_server_options(command)
    return parsed_with_servers(parser, words)


def answer_seconds(options: argparse.Namespace) -> float:
    """How long the server may take for whatever it answers itself; what `call` is given is for the job."""
    seconds: float = options.timeout
    return min(seconds, ANSWER_SECONDS) if options.command == "call" else seconds


def _add_job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("function", type=_function, metavar="FUNCTION", help="what is to be done")
    parser.add_argument(
        "payload", nargs="?", metavar="PAYLOAD", help="with what; without it and --file, standard input"
    )
    parser.add_argument("--file", metavar="FILE", help="the file that has the payload")
    parser.add_argument("--unique", default="", metavar="KEY", help="join a job of this key that is not over")
    parser.add_argument("--priority", choices=PRIORITIES, default="normal", help="within the function (normal)")
    parser.add_argument("--reducer", default="", metavar="FUNCTION", help="for map/reduce: where its pieces go")


def _add_submit(parser: argparse.ArgumentParser) -> None:
    _add_job(parser)
    parser.add_argument("--at", type=_moment, metavar="WHEN", help=f"run it then: {FORMS}")
    parser.add_argument("--lines", action="store_true", help="a job for each line of the file or of standard input")
    _add_timeout(parser, "for the server's answer (30)", ANSWER_SECONDS)


def _add_call(parser: argparse.ArgumentParser) -> None:
    _add_job(parser)
    _add_timeout(parser, "for the job; then it is let go (without end)", math.inf)


def _add_status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("handles", nargs="*", metavar="HANDLE", help="of jobs")
    parser.add_argument("--unique", action="append", default=[], metavar="KEY", help="of jobs that were given one")
    _add_timeout(parser, "for the server's answer (30)", ANSWER_SECONDS)


def _add_watch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("handles", nargs="*", metavar="HANDLE", help="until these are over; without any, whatever runs")
    _add_interval(parser)


def _add_top(parser: argparse.ArgumentParser) -> None:
    _add_interval(parser)
    parser.add_argument("--count", type=_positive, default=math.inf, metavar="N", help="end after so many looks")


def _add_cancel(parser: argparse.ArgumentParser) -> None:
    _add_handles(parser, "of jobs; one that runs is run to its end, for its worker is not told")
    _add_timeout(parser, "for each answer of the server (30)", ANSWER_SECONDS)


def _add_dead(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("function", nargs="?", metavar="FUNCTION", help="those of this one alone")
    _add_timeout(parser, "for the whole list (30)", ANSWER_SECONDS)


def _add_revive(parser: argparse.ArgumentParser) -> None:
    _add_handles(parser, "of jobs that were given up, as dead lists them")
    _add_timeout(parser, "for each answer of the server (30)", ANSWER_SECONDS)


def _add_handles(parser: argparse.ArgumentParser, what: str) -> None:
    # Looked at before anything is asked: else the jobs before a mistyped one would be gone already.
    parser.add_argument("handles", nargs="+", type=_handle, metavar="HANDLE", help=what)


def _add_interval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--interval", type=_positive, default=1.0, metavar="SECONDS", help="look so often (1)")
    _add_timeout(parser, "for each answer of the server (30)", ANSWER_SECONDS)


def _add_timeout(parser: argparse.ArgumentParser, what: str, seconds: float) -> None:
    parser.add_argument("--timeout", type=_positive, default=seconds, metavar="SECONDS", help=what)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _handle(text: str) -> str:
    try:
        checked_handle(text)
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no handle: it is not UTF-8; {A_HANDLE}") from error
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; {A_HANDLE}") from error
    if any(character.isspace() for character in text):
        raise argparse.ArgumentTypeError(f"{text!r} is no handle: it has a space or a line end in it; {A_HANDLE}")
    return text


def _function(text: str) -> str:
    # A server takes the empty name, and no worker has it: the job of a shell's unset variable would wait for ever.
    if not text:
        raise argparse.ArgumentTypeError("the name of a function is empty; is a variable unset?")
    return text


def _moment(text: str) -> When:
    try:
        return moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


COMMANDS: Final[dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]]] = {
    "submit": ("queue a job that nobody waits for, and print its handle", _add_submit),
    "call": ("have a job done, and print its result", _add_call),
    "status": ("tell how jobs stand", _add_status),
    "cancel": ("take jobs away, queued or given up", _add_cancel),
    "dead": ("list the jobs that were given up, their runs used up", _add_dead),
    "revive": ("let jobs run again that were given up", _add_revive),
    "watch": ("show how far jobs have come, as it goes on", _add_watch),
    "top": ("show functions, their jobs and workers, as it goes on", _add_top),
}

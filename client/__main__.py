"""``python -m client``, or ``trio-gearman-client``: a Gearman client for the command line."""

import os
import sys
from collections.abc import Sequence
from typing import Final

from client.blocking import Client
from client.command_line.drawing import NoScreenError
from client.command_line.jobs import call, status, submit
from client.command_line.looking import top, watch
from client.command_line.operating import cancel, dead, revive
from client.command_line.output import Output, UnwritableError
from client.command_line.parser import PROGRAM, answer_seconds, parsed
from client.errors import (
    CannotConnectError,
    ClientError,
    ConnectionLostError,
    JobFailedError,
    RefusedError,
    TimedOutError,
)
from peer import PayloadError
from peer.server_options import tls_context
from protocol import LocalProtocolError

__all__ = ["main"]

COMMANDS: Final = {
    "submit": submit,
    "call": call,
    "status": status,
    "cancel": cancel,
    "dead": dead,
    "revive": revive,
    "watch": watch,
    "top": top,
}
ENDED_BY_CTRL_C: Final = ("watch", "top")

STATUSES: Final[tuple[tuple[type[Exception] | tuple[type[Exception], ...], int], ...]] = (
    (JobFailedError, 1),
    (RefusedError, 4),
    ((CannotConnectError, ConnectionLostError, TimedOutError), 3),
    ((ValueError, PayloadError, LocalProtocolError, NoScreenError), 2),
    (ClientError, 3),
)
"""The first that fits is the exit status."""

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE
UNWRITTEN = 1


def main(words: Sequence[str] | None = None) -> int:
    """Does what the words ask for, and returns the exit status."""
    options = parsed(sys.argv[1:] if words is None else words)
    output = Output(as_json=options.json)
    try:
        with Client(*options.server, tls=tls_context(options), timeout=answer_seconds(options)) as client:
            return COMMANDS[options.command](options, client, output)
    except KeyboardInterrupt:
        return 0 if options.command in ENDED_BY_CTRL_C else INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except UnwritableError as error:
        output.complain(f"{PROGRAM}: {error}")
        _drop_output()
        return UNWRITTEN
    except tuple(kind for kinds, _ in STATUSES for kind in (kinds if isinstance(kinds, tuple) else (kinds,))) as error:
        exit_status = next(number for kinds, number in STATUSES if isinstance(error, kinds))
        output.complain(f"{PROGRAM}: {error}")
        output.tell_object(error=str(error), exit_status=exit_status)
        return exit_status


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains at its exit


if __name__ == "__main__":
    sys.exit(main())

"""What a child process of a worker does: one call after the other, until its parent hangs up.

A call comes in as one pickle, and its answer goes out as one. Nothing a function does here can harm the worker: what it
raises is written down, and a process that dies is noticed by its silence.
"""

import pickle
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import FrameType
from typing import TypeAlias, cast

from worker.errors import JobFailed
from worker.telling import text_of

__all__ = ["Answer", "Done", "Failed", "Raised", "serve_calls"]


@dataclass(frozen=True, slots=True)
class Done:
    """It returned."""

    result: object


@dataclass(frozen=True, slots=True)
class Failed:
    """It raised JobFailed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Raised:
    """It raised something else, which might not survive a pickle: its words do."""

    summary: str
    details: str


Answer: TypeAlias = Done | Failed | Raised


def serve_calls(connection: Connection) -> None:
    """Answers calls until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides what it means
    # TERM reaches every process of a service, too, when systemd stops it. Heard and not ignored: what a function starts
    # would inherit that, and could not be ended by TERM.
    signal.signal(signal.SIGTERM, _go_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # blocked by our parent until here
    while True:
        try:
            call = connection.recv_bytes()
        except EOFError:
            return
        connection.send_bytes(_written(_answer(call)))


def _go_on(number: int, frame: FrameType | None) -> None:
    """The parent hears the signal as well, and decides what becomes of the job."""


def _answer(call: bytes) -> Answer:
    try:
        function, arguments = cast(tuple[Callable[..., object], tuple[object, ...]], pickle.loads(call))
        return Done(function(*arguments))
    except JobFailed as failed:
        return Failed(text_of(failed))
    except BaseException as error:  # noqa: ASYNC103, BLE001 - the barrier of a call, and no trio here; the parent is told
        return _raised(error)


def _written(answer: Answer) -> bytes:
    try:
        return pickle.dumps(answer)
    except Exception as error:  # noqa: BLE001 - whatever a result's own pickling raises; told to the parent
        return pickle.dumps(_raised(error))


def _raised(error: BaseException) -> Raised:
    return Raised(f"{type(error).__name__}: {text_of(error)}", "".join(traceback.format_exception(error)))

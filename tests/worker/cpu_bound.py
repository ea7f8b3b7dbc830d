"""Functions at the top level of a module, for processes to import."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pydantic import BaseModel

from worker import JobFailed


class Numbers(BaseModel):
    """What goes in."""

    numbers: list[int]


def which_process(payload: bytes) -> str:
    return str(os.getpid())


def total(payload: Numbers) -> int:
    return sum(payload.numbers)


def fail(payload: bytes) -> bytes:
    raise JobFailed("no stock")


def stumble(payload: bytes) -> bytes:
    raise KeyError(payload.decode())


class SpeechlessError(Exception):
    """Its text is an error."""

    def __str__(self) -> str:
        raise KeyError("no such field")


def lose_words(payload: bytes) -> bytes:
    raise SpeechlessError


def leave(payload: bytes) -> bytes:
    """Ends as programs do."""
    sys.exit("no disk")


def die(payload: bytes) -> bytes:
    os.abort()


def odd(payload: bytes) -> bytes:
    return lambda: None  # type: ignore[return-value]  # what cannot be sent back


def hang(payload: bytes) -> bytes:
    """Writes down who hangs, to the file that the payload names, and hangs."""
    started = Path(payload.decode())
    started.with_suffix(".new").write_text(str(os.getpid()))
    started.with_suffix(".new").rename(started)
    while True:
        time.sleep(1)


def be_cancelled(payload: bytes) -> bytes:
    raise asyncio.CancelledError("by itself")


def term_oneself(payload: bytes) -> bytes:
    """As systemd does to every process of a service that it stops."""
    os.kill(os.getpid(), signal.SIGTERM)
    return b"went on"


def term_a_program(payload: bytes) -> str:
    """Ends by TERM what it has started."""
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdout=-1, stdin=-1) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.terminate()
        return str(program.wait())

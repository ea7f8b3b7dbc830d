"""Tests that wait for what the code under test logs, instead of asking again and again."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import trio

PATIENCE_SECONDS = 30.0
MOST_LINES = 1000


class LogEar(logging.Handler):
    """Hears the log lines of one logger, from this thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._said, self._heard = trio.open_memory_channel[str](MOST_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        """Called by logging."""
        self._said.send_nowait(record.getMessage())

    async def line(self, text: str) -> str:
        """The next line that contains `text`; the lines before it are passed over."""
        with trio.fail_after(PATIENCE_SECONDS):
            while True:
                line = await self._heard.receive()
                if text in line:
                    return line

    def lines(self) -> list[str]:
        """What was said and not passed over yet."""
        said = []
        while self._heard.statistics().current_buffer_used:
            said.append(self._heard.receive_nowait())
        return said


@contextmanager
def hearing(logger: str) -> Iterator[LogEar]:
    """An ear at a logger, for the length of the block."""
    ear = LogEar()
    log = logging.getLogger(logger)
    before = log.level
    log.addHandler(ear)
    log.setLevel(logging.DEBUG)
    try:
        yield ear
    finally:
        log.removeHandler(ear)
        log.setLevel(before)

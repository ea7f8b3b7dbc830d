"""The embedded Valkey server of one directory: found or started, waited for, stopped.

Nothing here decides whether it is wanted. Whoever calls `reach`, `reach_or_start` or `stop` must have
made sure that nobody else does so meanwhile (`persistence.embedded` has a lock for it).
"""

from __future__ import annotations

import errno
import logging
import platform

import trio

from persistence.data_directory import DataDirectory
from persistence.errors import EmbeddedStoreError
from persistence.filelock import FileLock
from persistence.lifeline import Lifeline
from persistence.own_limits import room_for_more
from persistence.threads import written_in_thread
from persistence.valkey_binary import find_valkey_server
from persistence.valkey_command import command_line
from persistence.valkey_launch import launch
from persistence.valkey_log import last_words, log_size, turn_over
from persistence.waiting import wait_alone

log = logging.getLogger(__name__)

FIRST_LOOK_SECONDS = 0.002
LAST_LOOK_SECONDS = 0.05
"""Valkey has no way to say when it listens, so it is tried: it takes 35 ms when there is little to load."""
LOOKS_GROW_BY = 1.2
"""What was slept too long is waited for at every start: a fifth of the time that it takes, at most."""
LOADING_LOOK_SECONDS = 0.25
_NO_MORE_TASKS = "Can't initialize Background Jobs"
"""Its threads, that is."""


class ValkeyServer:
    """The server of one data directory, whoever started it.

    Args:
        home: its directory, which exists.
        silent_seconds: how long it may give no answer at all before it counts as stuck.
    """

    def __init__(self, home: DataDirectory, silent_seconds: float) -> None:
        self._home = home
        self._silent_seconds = silent_seconds
        self._log_mark = 0  # how long the log was when the server we know had not ended yet

    async def reach_or_start(self) -> Lifeline:
        """Connect to the server, which is started if none lives. It may still load its file: see `loaded`.

        Raises:
            EmbeddedStoreError: it cannot be started, ends at once, or gives no answer; one line says why.

        Cancelled, a server may run or not.
        """
        while True:
            started = await self._start_unless_alive()
            line = await self.reach()
            if line is not None:
                return line
            if started:
                raise EmbeddedStoreError(self.why_it_ended())

    async def reach(self) -> Lifeline | None:
        """Connect to the server; None if none lives.

        Raises:
            EmbeddedStoreError: one lives and gives no answer.
        """
        pause = FIRST_LOOK_SECONDS
        with trio.move_on_after(self._silent_seconds):
            while True:
                line = await Lifeline.open(self._home.socket)
                if line is not None or not self._alive():
                    return line
                await trio.sleep(pause)
                pause = min(pause * LOOKS_GROW_BY, LAST_LOOK_SECONDS)
        raise EmbeddedStoreError(self._stuck())

    async def loaded(self, line: Lifeline) -> None:
        """Wait until the server has read its file, however long that takes.

        Raises:
            EmbeddedStoreError: it ended, as it does when it cannot read the file, or answers no more.
        """
        told = False
        try:
            while await self._loading(line):
                if not told:
                    log.info("the embedded store in %s is loading its data", self._home.path)
                    told = True
                await trio.sleep(LOADING_LOOK_SECONDS if told else FIRST_LOOK_SECONDS)
        except (trio.BrokenResourceError, trio.EndOfChannel):
            raise EmbeddedStoreError(self.why_it_ended()) from None

    async def stop(self) -> None:
        """Stop the server, if one lives, and wait until it is gone. Endless if it does not obey.

        Raises:
            EmbeddedStoreError: it gives no answer.
        """
        line = await self.reach()
        if line is None:
            return
        try:
            await line.shut_down()
        finally:
            line.close()
        with FileLock(self._home.alive) as alive:
            await wait_alone(alive)

    def why_it_ended(self) -> str:
        """One line about a server that is no more, in its own words if it left any."""
        words = last_words(self._home.log, self._log_mark)
        if not words:  # so it ends when it is killed, and when it may not put itself into the background
            words = f"it left no word in {self._home.log}; out of memory (dmesg), or of processes (ulimit -u)?"
        elif _NO_MORE_TASKS in words:
            words = f"{words}; {room_for_more(BlockingIOError(errno.EAGAIN, ''))}"
        return f"the embedded store in {self._home.path} has ended: {words}"

    async def _start_unless_alive(self) -> bool:
        """Whether a server had to be started."""
        self._log_mark = log_size(self._home.log)
        with FileLock(self._home.alive) as alive:
            if not alive.try_exclusive():
                return False
            binary = find_valkey_server(platform.system(), platform.machine())
            await written_in_thread(self._home.probe)
            turn_over(self._home.log)
            self._log_mark = log_size(self._home.log)
            await launch(command_line(binary, self._home), alive.fileno())
            return True

    def _alive(self) -> bool:
        with FileLock(self._home.alive) as alive:
            return not alive.try_exclusive()

    async def _loading(self, line: Lifeline) -> bool:
        try:
            with trio.fail_after(self._silent_seconds):
                return await line.loading()
        except trio.TooSlowError:
            raise EmbeddedStoreError(self._stuck()) from None

    def _stuck(self) -> str:
        return (
            f"the embedded store in {self._home.path} gives no answer for {self._silent_seconds:g} s:"
            f" see {self._home.log}, and {self._home.pid} for its process id"
        )

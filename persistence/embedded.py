"""The embedded store: a Valkey of our own in a data directory, shared by all brokers of that directory.

The first broker to come starts it, the last to leave cleanly stops it. A broker that is killed leaves it
running, and the next one finds it. Who may decide about that, who uses it and whether it lives is told
by three locks:

- `store.deciding`, held alone by whoever joins, leaves or starts it again, while it does so;
- `store.users`, shared by every broker that has joined: whoever can have it alone is the last;
- `store.alive`, held by the server itself from before its first instruction to its end.

So a socket that nobody listens on, a process id that belongs to somebody else, or a broker killed
between two steps needs no cure. The reasons are in docs/decisions/0003-embedded-valkey.md.
"""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import trio

from persistence.data_directory import DataDirectory, default_data_dir
from persistence.errors import EmbeddedStoreError
from persistence.filelock import FileLock
from persistence.lifeline import Lifeline
from persistence.valkey_server import ValkeyServer
from persistence.waiting import alone_with

__all__ = ["EmbeddedStore", "default_data_dir", "open_embedded_store"]

log = logging.getLogger(__name__)

SILENT_SECONDS = 10.0
"""How long a server may give no answer before it counts as stuck. One that loads its file does answer."""
DECIDING_SECONDS = 30.0
"""How long others may decide before us: longer than a start or a stop that fails takes them."""
LEAVE_SECONDS = 15.0
"""How long leaving may take at most. What is not done by then the next broker finds, and copes with."""
FIRST_PAUSE_SECONDS = 0.1
LAST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0
"""A server that ends sooner than this after it was reached is started again only after a growing pause."""


@asynccontextmanager
async def open_embedded_store(
    data_dir: Path, *, silent_seconds: float = SILENT_SECONDS
) -> AsyncIterator[EmbeddedStore]:
    """Find or start the embedded store of a directory; inside the block it serves.

    At the end of the block, whatever ends it, the store is left, and stopped if no other broker uses it;
    that is shielded from cancellation and takes at most LEAVE_SECONDS. Run `EmbeddedStore.watch` inside
    the block.

    Args:
        data_dir: where the store keeps its data; made with mode 700 if it is missing.
        silent_seconds: how long the server may give no answer before that is an error. While it loads its
            data, however long, it answers.

    Raises:
        EmbeddedStoreError: the store cannot be used; one line says why.

    Cancelled while it starts, it leaves no server behind that others do not use.
    """
    store = EmbeddedStore(data_dir, silent_seconds)
    try:
        await store._join()
        yield store
    finally:
        with trio.move_on_after(LEAVE_SECONDS, shield=True) as patience:
            await store._leave()
        store._close()
        if patience.cancelled_caught:
            log.warning(
                "the embedded store in %s did not stop in time; end the process in its store.pid if no broker uses it",
                store.data_dir,
            )


class EmbeddedStore:
    """The embedded store as one broker sees it. Get it from `open_embedded_store`.

    Attributes:
        data_dir: the directory, absolute.
        socket_path: where the server listens.
        pid: the server's process id; another one after it had to be started again.
    """

    def __init__(self, data_dir: Path, silent_seconds: float) -> None:
        self._home = home = DataDirectory(data_dir.absolute())
        self.data_dir = home.path
        self.socket_path = home.socket
        self.pid = 0
        self._line: Lifeline | None = None
        self._server = ValkeyServer(home, silent_seconds)
        self._joined = False
        home.prepare()
        try:
            self._users = FileLock(home.users)
        except OSError as error:
            raise home.unusable(error) from error

    async def watch(self) -> NoReturn:
        """The duty: whenever the server ends while we use it, see that one runs again. Endless.

        Whoever started it: each broker watches, and the first to notice starts it. What goes wrong is
        logged, once as long as it stays the same, and tried again. Cancelled, the server is left as it
        is. It has to end before the block of `open_embedded_store` does.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            since = trio.current_time()
            if self._line is not None:
                await self._line.gone()
            why = self._server.why_it_ended()
            if trio.current_time() - since > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            else:
                await trio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE_SECONDS)
            await self._revive(why)

    async def _join(self) -> None:
        with trio.move_on_after(DECIDING_SECONDS) as patience:
            async with self._decision():
                patience.deadline = math.inf  # what follows has bounds of its own
                if not self._users.try_shared():
                    raise EmbeddedStoreError(
                        f"another program has locked {self._users.path}: end that, or choose another data directory"
                    )
                self._joined = True
                await self._reach_or_start()
        if patience.cancelled_caught:
            raise EmbeddedStoreError(
                f"another broker has been starting or stopping the store in {self.data_dir} for {DECIDING_SECONDS:g} s:"
                " end it if it hangs, or choose another data directory"
            )
        await self._loaded()
        log.info("the embedded store in %s serves, process %d", self.data_dir, self.pid)

    async def _leave(self) -> None:
        """Let go of the store, and stop it if nobody else uses it."""
        if self._joined:
            try:
                await self._stop_if_last()
            except (OSError, EmbeddedStoreError) as error:
                log.warning("the embedded store may still run: %s", error)

    def _close(self) -> None:
        self._users.close()
        self._hang_up()

    async def _stop_if_last(self) -> None:
        if self._users.is_in_place():
            async with alone_with(self._home.deciding):
                if self._users.try_exclusive():
                    await self._server.stop()
                self._users.close()
        elif self._users.try_exclusive() and self._line is not None:
            # The directory was removed, moved or replaced, and with it the way to the server; our connection is left.
            await self._line.shut_down()

    async def _revive(self, why: str) -> None:
        """See that a server serves again, however long it takes; `why`: how the last one ended."""
        before, told, pause = self.pid, "", FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._decision():
                    await self._reach_or_start()
                await self._loaded()
                break
            except EmbeddedStoreError as error:
                if str(error) != told:
                    log.error("%s. It cannot be started again yet: %s", why, error)
                    told = str(error)
            await trio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE_SECONDS)
        if self.pid == before:
            log.info("only a connection to the embedded store was cut; process %d goes on", self.pid)
        else:
            log.warning("%s. It serves again, as process %d", why, self.pid)

    async def _reach_or_start(self) -> None:
        self._hang_up()
        self._line = await self._server.reach_or_start()
        self.pid = self._line.pid

    async def _loaded(self) -> None:
        if self._line is not None:
            await self._server.loaded(self._line)

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    @asynccontextmanager
    async def _decision(self) -> AsyncIterator[None]:
        """Nobody else joins, leaves, starts or stops the server inside this block."""
        try:
            async with alone_with(self._home.deciding):
                yield
        except OSError as error:
            raise self._home.unusable(error) from error

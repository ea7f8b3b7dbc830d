"""A broker for an example that was given none, so that one line is enough to see it run."""

import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from broker import Settings, open_broker
from client import CannotConnectError, open_client

__all__ = ["given_or_own"]


@asynccontextmanager
async def given_or_own(server: str | None) -> AsyncIterator[str]:
    """The server to use: the one given, or a broker of ours, which ends with the block, and its jobs with it."""
    if server is not None:
        try:
            async with open_client(server):
                pass  # it is there
        except (CannotConnectError, ValueError) as error:
            sys.exit(str(error))
        yield server
        return
    with tempfile.TemporaryDirectory(prefix="gearman-example-") as directory:
        async with open_broker(Settings(port=0, data_dir=Path(directory))) as broker:
            ((host, port),) = broker.addresses
            yield f"{host}:{port}"

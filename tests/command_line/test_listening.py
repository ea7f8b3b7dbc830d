"""When the port is listened on: not before there is a store."""

import socket
import sys
from pathlib import Path

import pytest

from tests.command_line.background import PATIENCE_SECONDS
from tests.ports import private_port
from tests.programs import open_program


@pytest.mark.parametrize("processes", [1, 2])
async def test_nobody_is_let_in_before_the_store_answers(folder: Path, processes: int) -> None:
    port = private_port()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE_SECONDS)
        redis = f"--redis=redis://127.0.0.1:{silent.getsockname()[1]}?socket_connect_timeout={PATIENCE_SECONDS:g}"
        words = (f"--port={port}", f"--data-dir={folder}/data", f"--processes={processes}", redis)
        async with open_program(sys.executable, "-m", "broker", *words):
            silent.accept()[0].close()  # so far has it come
            silent.accept()[0].close()  # and it has tried again
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
            with socket.socket() as other, pytest.raises(OSError, match="in use"):
                other.bind(("127.0.0.1", port))  # it is kept for us all the same

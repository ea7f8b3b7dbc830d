"""Our PHP scripts, by name, run against a server."""

from base64 import b64encode
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.processes import ServerProcess
from tests.programs import Program, open_program, run_program

PHP = Path(__file__).parent / "php"


def open_script(php: str, name: str, server: ServerProcess, *arguments: str) -> AbstractAsyncContextManager[Program]:
    """Starts a script of the php folder against a server."""
    return open_program(php, PHP / name, server.host, str(server.port), *arguments)


async def run_script(php: str, name: str, server: ServerProcess, *arguments: str) -> str:
    """Runs a script of the php folder to its end and returns what it printed."""
    return await run_program(php, PHP / name, server.host, str(server.port), *arguments)


async def submit(php: str, server: ServerProcess, function: str, payload: bytes, *unique: str) -> str:
    """Queues a background job from PHP and returns its handle."""
    return await run_script(php, "submit.php", server, function, in_base64(payload), *unique)


def in_base64(payload: bytes) -> str:
    """A payload as the scripts print and take it."""
    return b64encode(payload).decode()

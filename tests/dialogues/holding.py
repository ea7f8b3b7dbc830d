"""One dialogue, held with one of the servers."""

import trio

from tests.dialogues.notation import Dialogue
from tests.dialogues.servers import Servers
from tests.dialogues.stage import perform

__all__ = ["PATIENCE_SECONDS", "hold"]

PATIENCE_SECONDS = 20.0


def hold(kind: str, dialogue: Dialogue, servers: Servers, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Hold it with "ours" or "gearmand". Raises DialogueError when the server says something else."""
    try:
        trio.run(perform, dialogue, kind, servers.find(kind, dialogue), patience_seconds)
    finally:
        servers.done_with(kind, dialogue)

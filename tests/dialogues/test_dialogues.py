"""Every dialogue, held with our broker; and with gearmand beside it, on request: `make dialogues`.

gearmand is not held to it by every run of the tests, for it races itself in places: after a time limit its NOOP may
come before the job can be grabbed, and what it would say next is luck.
"""

import os
from collections.abc import Iterator

import pytest
import trio

from tests.dialogues.library import DIALOGUES
from tests.dialogues.not_yet import NOT_YET
from tests.dialogues.notation import OURS
from tests.dialogues.servers import KINDS, Servers
from tests.dialogues.stage import DialogueError, perform

PATIENCE_SECONDS = 20.0
HELD_WITH = KINDS if os.environ.get("SIDE_BY_SIDE") == "1" else (OURS,)
SHORT_PATIENCE_SECONDS = 3.0
"""For what is known to fail, perhaps because nothing comes at all."""


def _cases() -> Iterator[object]:
    for kind in HELD_WITH:
        for promise in DIALOGUES:
            late = kind == OURS and promise in NOT_YET
            xfail = [pytest.mark.xfail(reason=NOT_YET[promise], raises=DialogueError, strict=True)] if late else []
            yield pytest.param(kind, promise, marks=xfail, id=f"{kind}: {promise}")


@pytest.mark.parametrize(("kind", "promise"), list(_cases()))
def test_dialogue(kind: str, promise: str, servers: Servers) -> None:
    dialogue = DIALOGUES[promise]
    late = kind == OURS and promise in NOT_YET
    try:
        server = servers.find(kind, dialogue)
        trio.run(perform, dialogue, kind, server, SHORT_PATIENCE_SECONDS if late else PATIENCE_SECONDS)
    finally:
        servers.done_with(kind, dialogue)

"""Every dialogue, held with our broker and with gearmand beside it.

gearmand is skipped where it is not installed, unless REQUIRE_INTEROP is 1. It answers from several threads; what it
has done is told apart from what it is about to do by what it is asked behind that (`stage.py`, `peer.py`).
"""

from collections.abc import Iterator

import pytest

from tests.dialogues.holding import PATIENCE_SECONDS, hold
from tests.dialogues.library import DIALOGUES
from tests.dialogues.not_yet import NOT_YET
from tests.dialogues.notation import OURS
from tests.dialogues.servers import KINDS, Servers
from tests.dialogues.stage import DialogueError

SHORT_PATIENCE_SECONDS = 3.0
"""For what is known to fail, perhaps because nothing comes at all."""


def _cases() -> Iterator[object]:
    for kind in KINDS:
        for promise in DIALOGUES:
            late = kind == OURS and promise in NOT_YET
            xfail = [pytest.mark.xfail(reason=NOT_YET[promise], raises=DialogueError, strict=True)] if late else []
            yield pytest.param(kind, promise, marks=xfail, id=f"{kind}: {promise}")


@pytest.mark.parametrize(("kind", "promise"), list(_cases()))
def test_dialogue(kind: str, promise: str, servers: Servers) -> None:
    late = kind == OURS and promise in NOT_YET
    hold(kind, DIALOGUES[promise], servers, SHORT_PATIENCE_SECONDS if late else PATIENCE_SECONDS)

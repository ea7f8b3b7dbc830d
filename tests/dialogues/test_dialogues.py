"""Every dialogue, held with our broker and with gearmand beside it.

gearmand is skipped where it is not installed, unless REQUIRE_INTEROP is 1. It answers from several threads; what it
has done is told apart from what it is about to do by what it is asked behind that (`stage.py`, `peer.py`).
"""

import pytest

from tests.dialogues.holding import PATIENCE_SECONDS, hold
from tests.dialogues.library import DIALOGUES
from tests.dialogues.servers import KINDS, Servers

CASES = [pytest.param(kind, promise, id=f"{kind}: {promise}") for kind in KINDS for promise in DIALOGUES]


@pytest.mark.parametrize(("kind", "promise"), CASES)
def test_dialogue(kind: str, promise: str, servers: Servers) -> None:
    hold(kind, DIALOGUES[promise], servers, PATIENCE_SECONDS)

from functools import partial

import pytest
import trio

from tests.dialogues.histories.making import make_history
from tests.dialogues.histories.playing import play
from tests.dialogues.notation import Dialogue
from tests.dialogues.servers import KINDS, Servers

ANYTHING = Dialogue("anything", "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(20))
def test_peers_hear_what_the_rules_say(kind: str, seed: int, servers: Servers) -> None:
    server = servers.find(kind, ANYTHING)
    trio.run(partial(play, make_history(seed, 40), kind, server))
    assert "defect" not in server.output()

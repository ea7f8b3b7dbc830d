"""A difference that nobody declared fails, and one that was declared is one."""

from typing import Final

import pytest

from tests.dialogues.holding import hold
from tests.dialogues.library import DIALOGUES
from tests.dialogues.notation import GEARMAND, OURS, Dialogue
from tests.dialogues.servers import Servers
from tests.dialogues.stage import DialogueError

SHORT_PATIENCE_SECONDS: Final = 0.5
"""For what never comes. On a slow machine something else than that does not come either, which is as good."""

OURS_FOR_BOTH: Final = r"""
    worker > CAN_DO {f} + CAN_DO {f}
    worker < nothing
    admin > text status
    admin < list {f}\t0\t0\t1
    """
GEARMANDS_FOR_BOTH: Final = OURS_FOR_BOTH.replace(r"\t1", r"\t2")
LUCK: Final = ("no answer", "hang up")
"""Where gearmand's lines have one of these, what it does is luck, and may be what we do."""

DIFFERING: Final = [
    promise
    for promise, dialogue in DIALOGUES.items()
    if dialogue.differs and not any(step.server == GEARMAND and step.what in LUCK for step in dialogue.steps(GEARMAND))
]


@pytest.mark.parametrize(
    ("script", "right", "wrong"), [(OURS_FOR_BOTH, OURS, GEARMAND), (GEARMANDS_FOR_BOTH, GEARMAND, OURS)]
)
def test_a_difference_that_is_not_declared_fails(script: str, right: str, wrong: str, servers: Servers) -> None:
    undeclared = Dialogue("undeclared", script)
    hold(right, undeclared, servers)
    with pytest.raises(DialogueError, match="the listing has"):
        hold(wrong, undeclared, servers)


@pytest.mark.parametrize("promise", DIFFERING)
def test_gearmand_does_not_do_what_is_declared_as_ours_alone(promise: str, servers: Servers) -> None:
    declared = DIALOGUES[promise]
    lines = "\n".join(str(step) for step in declared.steps(OURS))
    claimed = Dialogue(f"{promise}, as we do it", lines, flags=declared.flags, alone=declared.alone)
    with pytest.raises(DialogueError):
        hold(GEARMAND, claimed, servers, SHORT_PATIENCE_SECONDS)

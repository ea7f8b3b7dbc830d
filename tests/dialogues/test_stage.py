"""The stage: a server that does not say what a dialogue wants fails the test, and is quoted."""

from typing import Final

import pytest
import trio

from tests.dialogues.notation import OURS, Dialogue
from tests.dialogues.servers import Servers
from tests.dialogues.stage import DialogueError, perform

WRONG: Final = {
    "another packet": ("a > ECHO_REQ x\na < NO_JOB", "it heard ECHO_RES b'x'"),
    "other bytes": ("a > ECHO_REQ x\na < ECHO_RES y", "it heard ECHO_RES b'x'"),
    "an argument too few": ("a > OPTION_REQ no\na < ERROR UNKNOWN_OPTION", "it heard ERROR"),
    "a packet too many": ("a > ECHO_REQ x + ECHO_REQ y\na < ECHO_RES x", "a heard ECHO_RES b'y'"),
    "a packet instead of silence": ("a > GRAB_JOB\na < nothing", "a heard NO_JOB"),
    "a packet to a peer that says nothing more": ("a > GRAB_JOB\nb > ECHO_REQ x\nb < ECHO_RES x", "a heard NO_JOB"),
    "an answer instead of none": ("a > GRAB_JOB\na < no answer", "a heard NO_JOB"),
    "an end of the connection": ("a > 0 ''\na < ERROR * *", "and then"),
    "no end of the connection": ("a > ECHO_REQ x\na < closed", "it heard ECHO_RES b'x'"),
    "silence": ("a > ECHO_REQ x\na < ECHO_RES x + ECHO_RES x", "nothing came"),
    "another line": ("a > text version\na < text OK\\n", "it heard text b'OK "),
    "another line end": ("a > text version\na < text OK *\\r\\n", "it heard text b'OK "),
    "a row too many": ("a > CAN_DO {f} + text status\na < list", "the listing has"),
    "a row too few": ("a > text status\na < list {f}\\t0\\t0\\t0", "the listing has"),
    "no listing": ("a > text gladiator\na < list", "it heard text b'ERR"),
    "another handle": (
        "a > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {f} '' x\na < JOB_CREATED {H} + JOB_CREATED {H}",
        "b'H:",
    ),
}
"""What is heard and not wanted -> a dialogue, and what is said about it."""


@pytest.mark.parametrize(("script", "said"), WRONG.values(), ids=WRONG)
def test_what_is_not_wanted_fails(script: str, said: str, servers: Servers) -> None:
    dialogue = Dialogue("wrong", script)
    patience = 0.5 if said == "nothing came" else 20.0
    with pytest.raises(DialogueError) as caught:
        trio.run(perform, dialogue, OURS, servers.find(OURS, dialogue), patience)
    assert said in str(caught.value)
    assert script.splitlines()[0] in str(caught.value)

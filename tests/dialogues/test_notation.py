"""The notation: what a line of a script means, and what it refuses."""

import pytest

from tests.dialogues.cast import Cast
from tests.dialogues.notation import GEARMAND, OURS, Dialogue, NotationError, Step, Verb, read_script
from tests.dialogues.spelling import header, packet, unescape

BYTES = {
    "''": b"",
    "plain": b"plain",
    r"a\sb\0c": b"a b\0c",
    r"\t\r\n\\": b"\t\r\n\\",
    r"\xff\x00": b"\xff\0",
}
NONSENSE = ("client says hello", "Client > ECHO_REQ x", "client >", "theirs: client > ECHO_REQ x")


def test_a_line_names_a_peer_what_it_does_and_with_which_server() -> None:
    script = """
    client > ECHO_REQ x
    # a remark
    gearmand: client < closed
    """
    assert read_script(script) == [
        Step(None, "client", Verb.SAYS, "ECHO_REQ x"),
        Step("gearmand", "client", Verb.HEARS, "closed"),
    ]


def test_a_dialogue_has_other_lines_for_each_server() -> None:
    dialogue = Dialogue("p", "a > ECHO_REQ x\nours: a < ECHO_RES x\ngearmand: a < closed")
    assert [step.what for step in dialogue.steps(OURS)] == ["ECHO_REQ x", "ECHO_RES x"]
    assert [step.what for step in dialogue.steps(GEARMAND)] == ["ECHO_REQ x", "closed"]


@pytest.mark.parametrize("line", NONSENSE)
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(NotationError):
        read_script(line)


@pytest.mark.parametrize(("text", "meant"), BYTES.items())
def test_escapes_stand_for_bytes(text: str, meant: bytes) -> None:
    assert unescape(text) == meant


def test_a_packet_is_spelled_by_its_name() -> None:
    assert packet("SUBMIT_JOB", [b"rev", b"", b"hi"]) == b"\0REQ\0\0\0\x07\0\0\0\x07rev\0\0hi"
    assert packet("res:43", [b"x"]) == b"\0RES\0\0\0\x2b\0\0\0\x01x"
    assert header("ECHO_REQ", 2**32 - 1) == b"\0REQ\0\0\0\x10\xff\xff\xff\xff"


def test_a_packet_with_too_few_arguments_must_be_meant() -> None:
    with pytest.raises(NotationError):
        packet("SUBMIT_JOB", [b"rev", b"hi"])
    assert packet("SUBMIT_JOB!", [b"rev", b"hi"]) == b"\0REQ\0\0\0\x07\0\0\0\x06rev\0hi"


def test_a_name_in_capitals_is_learnt_once_and_stays() -> None:
    cast = Cast()
    assert cast.matches("{H}", b"H:lap:1")
    assert cast.matches("{H}", b"H:lap:1")
    assert not cast.matches("{H}", b"H:lap:2")
    assert cast.spell("{H}") == b"H:lap:1"


def test_two_names_in_capitals_stand_for_two_things() -> None:
    cast = Cast()
    assert cast.matches("{H}", b"H:lap:1")
    assert not cast.matches("{I}", b"H:lap:1")


def test_a_name_that_was_not_heard_cannot_be_said() -> None:
    with pytest.raises(NotationError):
        Cast().spell("{H}")


def test_a_handle_of_64_bytes_is_none() -> None:
    assert Cast().matches("{H}", b"H:" + b"x" * 61)
    assert not Cast().matches("{H}", b"H:" + b"x" * 62)


def test_names_of_a_dialogue_are_its_own_and_of_ten_bytes() -> None:
    cast, other = Cast(), Cast()
    for name in ("{f}", "{g}", "{u}", "{id}", "{f:upper}"):
        assert len(cast.spell(name)) == 10
        assert cast.spell(name) != other.spell(name)
    assert cast.concerns(b"xx " + cast.spell("{f}"))
    assert not cast.concerns(other.spell("{f}"))


def test_stars_stand_for_anything_but_blanks_and_only_in_what_is_heard() -> None:
    cast = Cast()
    assert cast.matches(r"*\s127.0.0.1\s*", b"35 127.0.0.1 x*")
    assert not cast.matches("*", b"two words")
    assert cast.spell("{x*3}*") == b"xxx*"

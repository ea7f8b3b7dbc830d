"""Thousands of short lines fit into what is read of a peer at once: others have their turn between them."""

import pytest
import trio

from broker.session import Session
from broker.text.commands import LINES_AT_ONCE
from protocol import EchoReq, Event, TextLine
from tests.broker.peers import PATIENCE_SECONDS, Peer
from tests.broker.running import OpenRunning, Running

LINES = 3 * LINES_AT_ONCE + 10


class Steps(trio.abc.Instrument):
    """Counts the lines that the broker deals with before any other task has its turn."""

    def __init__(self, one: Running) -> None:
        self.most = 0
        self._lines = 0
        self._on_text = one.broker.handlers[TextLine]
        one.broker.handlers = {**one.broker.handlers, TextLine: self._count}

    def _count(self, session: Session, event: Event) -> None:
        self._lines += 1
        self._on_text(session, event)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """One turn of some task."""
        self._lines = 0

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Its end."""
        self.most = max(self.most, self._lines)


@pytest.mark.parametrize("has_epoll", [True, False])
async def test_between_many_lines_others_have_their_turn_and_all_are_answered_in_order(
    open_one: OpenRunning, monkeypatch: pytest.MonkeyPatch, has_epoll: bool
) -> None:
    monkeypatch.setattr("broker.switchboard.IS_AVAILABLE", has_epoll)
    async with open_one() as one:
        steps = Steps(one)
        peer = await one.peer()
        said = [b"%d" % number for number in range(LINES)]
        trio.lowlevel.add_instrument(steps)
        await peer.say_bytes(b"\n".join(said) + b"\n" + peer.encoded(EchoReq(b"behind")))
        await peer.say_no_more()
        heard = await peer.bytes_to_the_end()
        trio.lowlevel.remove_instrument(steps)
    lines = heard.split(b"\r\n")
    assert lines[:-1] == [b"ERR UNKNOWN_COMMAND Unknown+server+command%b" % word for word in said]
    assert lines[-1].endswith(b"behind")
    assert steps.most <= LINES_AT_ONCE


async def test_the_line_that_waits_for_others_may_be_one_that_asks_the_store(one: Running) -> None:
    peer = await one.peer()
    await peer.say_bytes(b"nothing\n" * (LINES_AT_ONCE - 1) + b"status\n" + b"version\n")
    heard = await hear_until(peer, b"OK ")
    assert heard.index(b"\r\n.\nOK ") > heard.rindex(b"ERR")


async def test_who_hangs_up_while_its_line_waits_ends_alone(one: Running, caplog: pytest.LogCaptureFixture) -> None:
    bystander = await one.peer()
    for number in range(3):
        peer = await one.peer()
        await peer.say_bytes(b"\n" * (LINES_AT_ONCE + number - 1))
        await peer.leave()
    await one.until(lambda: len(one.broker.sessions) == 1)
    assert await bystander.ask_in_text(b"version")
    assert "defect" not in caplog.text


async def hear_until(peer: Peer, word: bytes) -> bytes:
    heard = b""
    with trio.fail_after(PATIENCE_SECONDS):
        while word not in heard:
            heard += bytes(await peer.stream.receive_some())
    return heard

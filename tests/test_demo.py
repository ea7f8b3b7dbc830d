"""The demo: that it succeeds, and that its verdict would tell if it had not."""

import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
import trio

from examples.demo.ledger import Entry, Event
from examples.demo.mails import Mail
from examples.demo.verdict import judge
from protocol import Priority
from tests.programs import open_program

HIGH = Mail(2, Priority.HIGH, b"high")
FIRST = Mail(1, Priority.NORMAL, b"first")
SECOND = Mail(3, Priority.NORMAL, b"second")
LATER = Mail(4, Priority.NORMAL, b"later", run_at=100)
MAILS = [FIRST, HIGH, SECOND, LATER]


def handle(mail: Mail) -> bytes:
    """The handle of a mail in these tests."""
    return b"H:%d" % mail.number


def entries(event: Event, *mails: Mail, at: float = 100.0) -> list[Entry]:
    """One entry for each mail."""
    return [Entry(event, handle(mail), mail.payload, at) for mail in mails]


CLEAN = [
    *entries("begun", HIGH),
    *entries("sent", HIGH),
    *entries("begun", FIRST),  # the kill
    *entries("begun", FIRST, LATER, SECOND),
    *entries("sent", FIRST, LATER, SECOND),
]
CASES = {  # what is wrong, the ledger, how many handles answer, and the row that tells
    "nothing": (CLEAN, 4, {}),
    "a mail was lost": ([*CLEAN[:-1]], 4, {"sent": 3, "lost": 1}),
    "a mail was sent twice": ([*CLEAN, *entries("sent", SECOND)], 4, {"sent_twice": 1}),
    "the kill hit no mail": ([*CLEAN[:2], *CLEAN[3:]], 4, {"begun_twice": 0}),
    "a payload changed": ([replace(CLEAN[0], payload=b"hi"), *CLEAN[1:]], 4, {"changed": 1}),
    "a handle is nobody's": ([*CLEAN, Entry("begun", b"H:9", b"high", 100.0)], 4, {"changed": 1}),
    "low came before high": ([*CLEAN[2:4], *CLEAN[:2], *CLEAN[4:]], 4, {"out_of_order": 1}),
    "the later one came early": (
        [*CLEAN[:4], *entries("begun", LATER, at=99.9), *CLEAN[5:]],
        4,
        {"out_of_order": 1},
    ),
    "a handle does not answer": (CLEAN, 3, {"answering": 3}),
}


@pytest.mark.parametrize(("ledger", "answering", "told"), CASES.values(), ids=CASES)
def test_the_verdict_tells_what_went_wrong(ledger: Sequence[Entry], answering: int, told: dict[str, int]) -> None:
    verdict = judge(MAILS, [handle(mail) for mail in MAILS], ledger, answering)
    clean = judge(MAILS, [handle(mail) for mail in MAILS], CLEAN, 4)
    for row in (
        "queued",
        "sent",
        "lost",
        "sent_twice",
        "begun_twice",
        "out_of_order",
        "changed",
        "answering",
    ):
        assert getattr(verdict, row) == told.get(row, getattr(clean, row)), row
    assert verdict.is_clean == (not told)


async def test_the_demo_loses_nothing() -> None:
    async with open_program(sys.executable, "-m", "examples.demo") as demo:
        assert await demo.wait() == 0, demo.said
    assert "30 of 30" in demo.said


async def test_ctrl_c_breaks_it_off_and_leaves_nothing() -> None:
    async with open_program(sys.executable, "-m", "examples.demo") as program:
        line = await program.wait_line("its data is in ")
        program.send_signal(signal.SIGINT)
        assert await program.wait() == 130, program.said
        assert program.lines[-1] == "broken off; broker and worker have ended, and their data is gone"
    assert not await trio.Path(line.rpartition(" ")[2].rstrip(".")).exists()

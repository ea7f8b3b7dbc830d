"""From a line to what is done about it: a table by its first word.

Words are parted by blanks, runs of which count as one; a line that begins with one has an empty first word, and is no
command. Case does not matter in the words of a command, as against names.
"""

from collections.abc import Callable
from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.text import cancelling, counting, functions, limiting, listing, readiness, reviving, stopping, telling
from broker.text.replies import let_others_speak, unknown_command
from protocol import TextLine

LINES_AT_ONCE: Final = 256
"""So many lines of one connection are dealt with, and then others speak: thousands fit into what is read at once."""


def on_text(broker: Broker, session: Session, packet: TextLine) -> None:
    """Answer one line, at once or after others have spoken."""
    session.lines += 1
    if session.lines % LINES_AT_ONCE:
        _answer(broker, session, packet)
    else:
        let_others_speak(broker, session, lambda: _answer(broker, session, packet))


def _answer(broker: Broker, session: Session, packet: TextLine) -> None:
    first, *others = packet.line.split(b" ")
    words = [first, *(word for word in others if word)]
    command = COMMANDS.get(first.lower())
    if command is None:
        session.say_bytes(unknown_command(first))
    else:
        command(broker, session, words)


Command = Callable[[Broker, Session, list[bytes]], None]
"""Answers a line, of which it is given all words, the first included; there is none that is empty."""

COMMANDS: Final[dict[bytes, Command]] = {
    b"status": counting.on_status,
    b"prioritystatus": counting.on_priority_status,
    b"workers": listing.on_workers,
    b"show": listing.on_show,
    b"version": telling.on_version,
    b"getpid": telling.on_getpid,
    b"verbose": telling.on_verbose,
    b"cancel": cancelling.on_cancel,
    b"revive": reviving.on_revive,
    b"create": functions.on_create,
    b"drop": functions.on_drop,
    b"maxqueue": limiting.on_maxqueue,
    b"ready": readiness.on_ready,
    b"shutdown": stopping.on_shutdown,
}

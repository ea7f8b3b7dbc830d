"""The text protocol: lines by which people and monitors ask.

Lists and `OK value` end in LF, bare `OK` and `ERR` in CRLF, as gearmand has it. A reply is written in one piece,
because gearadmin stops reading after five milliseconds of silence.
"""

from collections.abc import Callable
from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.version import VERSION
from persistence import StoreError
from protocol import TextLine


def on_text(broker: Broker, session: Session, packet: TextLine) -> None:
    """Answer one line."""
    words = packet.line.split(b" ")
    # A line that begins with a blank has an empty first word, and is no command; runs of blanks count as one.
    first = words[0].lower() if words else b""
    command = COMMANDS.get(first)
    if command is None:
        session.say_bytes(b"ERR UNKNOWN_COMMAND Unknown+server+command%b\r\n" % _quoted(words[0] if words else b""))
    else:
        command(broker, session)


def _quoted(word: bytes) -> bytes:
    return word.replace(b" ", b"+")


def _version(broker: Broker, session: Session) -> None:
    session.say_bytes(b"OK %b\n" % VERSION.encode())


def _workers(broker: Broker, session: Session) -> None:
    lines = []
    for other in broker.sessions:
        functions = b"".join(b" " + line.function.name for line in other.order)
        lines.append(
            b"%d %b %b :%b\n" % (other.transport.number, other.transport.peer.encode(), other.client_id, functions)
        )
    session.say_bytes(b"".join(lines) + b".\n")


def _status(broker: Broker, session: Session) -> None:
    promise = session.promise()

    async def answer() -> None:
        try:
            reply = await _status_lines(broker)
        except StoreError as error:
            reply = f"ERR STORE_UNAVAILABLE {str(error).replace(' ', '+')}\r\n".encode()
        session.keep_bytes(promise, reply)
        broker.flusher.flush()

    broker.start_soon(answer)


async def _status_lines(broker: Broker) -> bytes:
    """Every function that Redis or a worker here knows: total, running, workers, over all brokers."""
    workers = await broker.store.workers_elsewhere()
    for name, line in broker.roster.lines.items():
        workers[name] = workers.get(name, 0) + len(line.workers)
    lines = []
    for name in sorted({*workers, *await broker.store.asking.functions()}):
        counts = await broker.store.asking.counts(name)
        lines.append(b"%b\t%d\t%d\t%d\n" % (name, counts.total, counts.running, workers.get(name, 0)))
    return b"".join(lines) + b".\n"


COMMANDS: Final[dict[bytes, Callable[[Broker, Session], None]]] = {
    b"status": _status,
    b"version": _version,
    b"workers": _workers,
}

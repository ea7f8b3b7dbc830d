"""The words of replies, and how one that must ask the store is given.

Lists and `OK value` end in LF, bare `OK` and `ERR` in CRLF, as gearmand has it.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from broker.core import Broker
from broker.fault_barrier import FaultBarrier
from broker.outgoing import Promise
from broker.session import Session
from persistence import StoreError

OK: Final = b"OK\r\n"
END_OF_LIST: Final = b".\n"

# Clients call functions, jobs and themselves what they like; what is listed of it must not look like another row.
ON_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"__")
"""For names in rows that blanks part: they show a tab as it is."""
IN_ONE_FIELD: Final = bytes.maketrans(b"\r\n\t", b"___")
"""For names in rows that tabs part."""


def value(text: bytes) -> bytes:
    """A reply that is one value."""
    return b"OK %b\n" % text


def error(code: bytes, text: bytes) -> bytes:
    """A refusal: a word for programs, and a text for people with `+` between its words."""
    return b"ERR %b %b\r\n" % (code, text.replace(b" ", b"+"))


def unknown_command(word: bytes) -> bytes:
    """A refusal in gearmand's words, of a word that is no command: it has no blank before the word."""
    return error(b"UNKNOWN_COMMAND", b"Unknown server command" + word)


def incomplete(word: bytes) -> bytes:
    """A refusal in gearmand's words, of a command whose arguments are not the right ones."""
    return error(b"INVALID_ARGUMENTS", b"An incomplete set of arguments was sent to this command " + word)


def unavailable(reason: StoreError) -> bytes:
    """What is said while Redis does not answer."""
    return error(
        b"STORE_UNAVAILABLE", f"{reason}; the broker goes on trying to reach it: ask again in a while".encode()
    )


def answer_later(broker: Broker, session: Session, ask: Callable[[], Awaitable[bytes]]) -> None:
    """Give the reply that `ask` comes back with; what else this peer sent is handled after it.

    So the reply tells how things stood when its turn came: with all in it that this peer had asked for before, and
    nothing of what it sent behind.
    """

    async def give(promise: Promise) -> None:
        session.keep_bytes(promise, await ask())

    answer_in_parts(broker, session, give)


def answer_in_parts(broker: Broker, session: Session, give: Callable[[Promise], Awaitable[None]]) -> None:
    """The same for a reply that `give` puts into its place itself, to the end; before that, it may raise StoreError.

    While Redis is known to be out of reach nothing is asked: a monitor should hear of an outage at once, not when its
    own patience has ended.
    """

    async def give_if_it_can_be_had(promise: Promise) -> None:
        if (known := broker.store.away_because) is not None:
            raise known.with_traceback(None)  # the same for all who ask in an outage
        await give(promise)

    _answer_apart(broker, session, give_if_it_can_be_had)


def answer_at_length(broker: Broker, session: Session, tell: Callable[[], bytes]) -> None:
    """Give a reply that needs no store, and costs more than a few words: others speak before what is behind it.

    A thousand short questions fit into what is read of a peer in one turn, and many peers may ask at once: of all of
    them one is answered between two looks at peers.
    """

    async def give(promise: Promise) -> None:
        async with broker.at_length:
            session.keep_bytes(promise, tell() if session.hears() else b"")

    _answer_apart(broker, session, give)


def let_others_speak(broker: Broker, session: Session, then: Callable[[], None]) -> None:
    """Do this, and go on with what this peer sent behind it, when others have had their turn."""
    session.hold()

    async def go_on() -> None:
        session.release()
        with FaultBarrier(session):
            if not session.closing:
                then()
        session.go_on()
        broker.flusher.flush()

    broker.start_soon(go_on)


def _answer_apart(broker: Broker, session: Session, give: Callable[[Promise], Awaitable[None]]) -> None:
    session.hold()
    promise = session.promise()

    async def answer() -> None:
        with FaultBarrier(session):
            try:
                await give(promise)
            except StoreError as reason:
                session.keep_bytes(promise, unavailable(reason))
        session.release()
        session.go_on()
        broker.flusher.flush()

    broker.start_soon(answer)

"""What a connection makes of bytes, as one list that can be compared."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from protocol import CLOSED, NEED_DATA, Connection, Event, RemoteProtocolError, Role, Signal


@dataclass(frozen=True, slots=True)
class Fault:
    """A ``RemoteProtocolError`` that was raised."""

    code: bytes
    text: bytes
    fatal: bool


Heard: TypeAlias = Event | Fault | Signal


def listen(connection: Connection) -> list[Heard]:
    """All that is to be had now; ends with NEED_DATA, CLOSED or a fatal fault."""
    heard: list[Heard] = []
    while True:
        try:
            event = connection.next_event()
        except RemoteProtocolError as error:
            heard.append(Fault(error.code, error.text, error.fatal))
            if error.fatal:
                return heard
            continue
        heard.append(event)
        if event is NEED_DATA or event is CLOSED:
            return heard


def hear(role: Role, pieces: Iterable[bytes], *, max_body: int = 1 << 20) -> list[Heard]:
    """What ``role`` hears of ``pieces``, asked after each of them, and then of a hang-up."""
    connection = Connection(role, max_body=max_body)
    heard: list[Heard] = []
    for piece in [*filter(None, pieces), b""]:
        connection.receive_data(piece)
        heard += [one for one in listen(connection) if one is not NEED_DATA]
        if heard and isinstance(heard[-1], Fault) and heard[-1].fatal:
            break
    return heard


def the_fault(heard: list[Heard]) -> Fault:
    """The one thing heard, which is a fault."""
    [fault] = heard
    assert isinstance(fault, Fault)
    return fault


def byte_by_byte(data: bytes) -> list[bytes]:
    """``data`` in the smallest pieces."""
    return [data[at : at + 1] for at in range(len(data))]

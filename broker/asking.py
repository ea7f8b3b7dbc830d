"""GET_STATUS, GET_STATUS_UNIQUE, ECHO_REQ, OPTION_REQ: questions that change no job."""

from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.working import note_progress
from persistence import JobStatus, StoreError
from protocol import (
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GetStatus,
    GetStatusUnique,
    OptionReq,
    OptionRes,
    StatusRes,
    StatusResUnique,
)

UNKNOWN_OPTION: Final = Error(ErrorCode.UNKNOWN_OPTION, b"Server does not recognize given option")


def on_get_status(broker: Broker, session: Session, packet: GetStatus) -> None:
    """How the job of a handle is doing, whichever broker took it and whichever runs it."""
    note_progress(broker)
    promise = session.promise()

    def told(status: JobStatus | StoreError) -> None:
        if isinstance(status, StoreError):
            session.keep(promise, _unavailable(status))
        else:
            session.keep(
                promise,
                StatusRes(packet.handle, status.known, status.running, status.numerator, status.denominator),
            )

    broker.store.asking.status(packet.handle, told)


def on_get_status_unique(broker: Broker, session: Session, packet: GetStatusUnique) -> None:
    """How the job of a unique is doing, whatever its function."""
    note_progress(broker)
    promise = session.promise()

    def told(status: JobStatus | StoreError) -> None:
        if isinstance(status, StoreError):
            session.keep(promise, _unavailable(status))
            return
        session.keep(
            promise,
            StatusResUnique(
                packet.unique,
                status.known,
                status.running,
                status.numerator,
                status.denominator,
                _clients(broker, status),
            ),
        )

    broker.store.asking.status_of_unique(packet.unique, told)


def _clients(broker: Broker, status: JobStatus) -> int:
    """Those that wait here, and one for each other broker at which somebody does."""
    if status.id is None:
        return 0
    own = broker.store.link.incarnation
    elsewhere = sum(listener != own for listener in status.listeners)
    line = broker.roster.lines.get(status.function)
    if line is None:
        return elsewhere
    return len(broker.audience.listeners(broker.store.claiming.handle(line.function, status.id))) + elsewhere


def _unavailable(error: StoreError) -> Error:
    return Error(ErrorCode.QUEUE_ERROR, f"the store is not available: {error}".encode())


def on_echo(broker: Broker, session: Session, packet: EchoReq) -> None:
    """The same bytes back."""
    session.say(EchoRes(packet.payload))


def on_option(broker: Broker, session: Session, packet: OptionReq) -> None:
    """`exceptions` is the one option there is; whoever takes it as a C string may have sent its NUL too."""
    if packet.option.partition(b"\0")[0].lower() == b"exceptions":
        session.exceptions = True
        session.say(OptionRes(packet.option))
    else:
        session.say(UNKNOWN_OPTION)

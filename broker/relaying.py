"""What a job says reaches who waits for it: here at once, elsewhere by the mailbox of their broker."""

from typing import TypeAlias

from broker.core import Broker
from persistence import Function, Mail
from protocol import Packet, WorkComplete, WorkData, WorkException, WorkFail, WorkStatus, WorkWarning

End: TypeAlias = WorkComplete | WorkFail | WorkException


def relay(broker: Broker, handle: bytes, packet: Packet) -> None:
    """Send a packet to every client here that waits for the job; encoded once."""
    listeners = broker.audience.listeners(handle)
    if listeners:
        data = listeners[0].encode(packet)
        for session in listeners:
            session.say_bytes(data)


def relay_end(broker: Broker, packet: End) -> None:
    """The job is over: tell all who wait here; those that did not ask for exceptions, that it failed."""
    for session in broker.audience.end(packet.handle):
        if isinstance(packet, WorkFail) or (isinstance(packet, WorkException) and not session.exceptions):
            session.say(WorkFail(packet.handle))
        else:
            session.say_laden(packet)


def deliver(broker: Broker, function: Function, mail: Mail) -> None:
    """Hand on what a broker elsewhere said of a job that clients here wait for."""
    handle = broker.store.claiming.handle(function, mail.id)
    if not broker.audience.listeners(handle):
        return  # every submit that came before it has been answered: who waited for it is gone
    if mail.kind == b"status":
        numerator, _, denominator = mail.payload.partition(b"\0")
        relay(broker, handle, WorkStatus(handle, numerator, denominator))
    elif mail.kind == b"data":
        relay(broker, handle, WorkData(handle, mail.payload))
    elif mail.kind == b"warning":
        relay(broker, handle, WorkWarning(handle, mail.payload))
    elif mail.kind == b"completed":
        relay_end(broker, WorkComplete(handle, mail.payload))
    elif mail.kind == b"raised":
        relay_end(broker, WorkException(handle, mail.payload))
    else:
        relay_end(broker, WorkFail(handle))

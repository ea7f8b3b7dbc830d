"""What a job says reaches who waits for it: here at once, elsewhere by the mailbox of their broker."""

from typing import Final

from broker.core import Broker
from persistence import JobId, Mail
from protocol import Packet, WorkComplete, WorkData, WorkException, WorkFail, WorkStatus, WorkWarning

MAX_EARLY: Final = 1024
"""Pieces of mail kept for jobs whose submit has not been answered yet."""


def relay(broker: Broker, job: JobId, packet: Packet) -> None:
    """Send a packet to every client here that waits for the job; encoded once."""
    listeners = broker.audience.listeners(job)
    if listeners:
        data = listeners[0].encode(packet)
        for session in listeners:
            session.say_bytes(data)


def relay_end(broker: Broker, job: JobId, packet: WorkComplete | WorkFail | WorkException) -> None:
    """The job is over. Clients that did not ask for exceptions are told that it failed."""
    for session in broker.audience.end(job):
        if isinstance(packet, WorkException) and not session.exceptions:
            session.say(WorkFail(packet.handle))
        else:
            session.say(packet)


def deliver(broker: Broker, mail: Mail) -> None:
    """Hand on what a broker elsewhere said of a job that clients here wait for."""
    if not broker.audience.listeners(mail.id):
        # The answer to the submit travels on another pipe than the mail, and may be the slower one.
        if len(broker.early) < MAX_EARLY:
            broker.early.append(mail)
        return
    handle = broker.audience.handle(mail.id)
    if mail.kind == b"status":
        numerator, _, denominator = mail.payload.partition(b"\0")
        relay(broker, mail.id, WorkStatus(handle, numerator, denominator))
    elif mail.kind == b"data":
        relay(broker, mail.id, WorkData(handle, mail.payload))
    elif mail.kind == b"warning":
        relay(broker, mail.id, WorkWarning(handle, mail.payload))
    elif mail.kind == b"completed":
        relay_end(broker, mail.id, WorkComplete(handle, mail.payload))
    elif mail.kind == b"raised":
        relay_end(broker, mail.id, WorkException(handle, mail.payload))
    else:
        relay_end(broker, mail.id, WorkFail(handle))


def deliver_early(broker: Broker, job: JobId) -> None:
    """A client waits for this job from now on: hand it what came before."""
    if not broker.early:
        return
    mine = [mail for mail in broker.early if mail.id == job]
    broker.early = [mail for mail in broker.early if mail.id != job]
    for mail in mine:
        deliver(broker, mail)

"""SUBMIT_JOB_SCHED: a background job for the next minute of the calendar that matches.

Redis is asked for the time first, because its clock is the one that will decide when the job is due, and brokers'
clocks may be wrong. It is the one submit that costs two trips. What the client sends behind it waits meanwhile, so that
no later submit overtakes it.
"""

from broker.coalescing import coalescing
from broker.core import Broker
from broker.session import Session
from broker.submitting import refuse, submit
from broker.time_zone import find_zone
from broker.timetable import Timetable, TimetableError, read_timetable
from persistence import Order, StoreError
from protocol import Error, ErrorCode, Priority, SubmitJobSched


def on_submit_sched(broker: Broker, session: Session, packet: SubmitJobSched) -> None:
    """A background job that runs once, at the next minute that matches; of normal priority, like any delayed job."""
    try:
        timetable = read_timetable(packet)
    except TimetableError as error:
        session.say(Error(ErrorCode.INVALID_ARGUMENTS, str(error).encode()))
        return
    session.hold()

    def told(now: int | StoreError) -> None:
        session.release()
        if isinstance(now, StoreError):
            session.say(refuse(broker, now))
        else:
            submit(broker, session, _order(broker, packet, timetable, now))
        session.go_on()

    broker.store.asking.time(told)


def _order(broker: Broker, packet: SubmitJobSched, timetable: Timetable, now: int) -> Order:
    run_at = timetable.next_minute(now, find_zone(broker.settings.schedule_zone))
    unique = coalescing(packet.unique, packet.payload)
    return Order(packet.function, unique, b"", packet.payload, Priority.NORMAL, True, run_at)

"""From a packet to what is done about it: a table, complete by test."""

from collections.abc import Callable
from typing import Any, Final

from broker import abilities, asking, grabbing, scheduling, submitting, working
from broker.core import Broker
from broker.session import Session
from broker.text import commands
from protocol import (
    CanDo,
    CanDoTimeout,
    CantDo,
    EchoReq,
    Error,
    ErrorCode,
    Event,
    GetStatus,
    GetStatusUnique,
    GrabJob,
    GrabJobAll,
    GrabJobUniq,
    OptionReq,
    PreSleep,
    ResetAbilities,
    SetClientId,
    SubmitJob,
    SubmitJobEpoch,
    SubmitJobSched,
    SubmitReduceJob,
    TextLine,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
)

NOT_EXPECTED: Final = Error(ErrorCode.INVALID_COMMAND, b"Command not expected")


def _not_expected(broker: Broker, session: Session, packet: Event) -> None:
    session.say(NOT_EXPECTED)


# Each handler takes the packet it stands beside; that the pairs are right is checked by a test, for a table cannot
# tell it to mypy.
HANDLERS: Final[dict[type, Callable[[Broker, Session, Any], None]]] = {
    CanDo: abilities.on_can_do,
    CanDoTimeout: abilities.on_can_do_timeout,
    CantDo: abilities.on_cant_do,
    ResetAbilities: abilities.on_reset,
    SetClientId: abilities.on_set_client_id,
    PreSleep: grabbing.on_pre_sleep,
    GrabJob: grabbing.on_grab,
    GrabJobUniq: grabbing.on_grab,
    GrabJobAll: grabbing.on_grab,
    SubmitJob: submitting.on_submit,
    SubmitJobEpoch: submitting.on_submit_epoch,
    SubmitReduceJob: submitting.on_submit_reduce,
    SubmitJobSched: scheduling.on_submit_sched,
    WorkStatus: working.on_status,
    WorkData: working.on_data,
    WorkWarning: working.on_data,
    WorkComplete: working.on_end,
    WorkFail: working.on_end,
    WorkException: working.on_end,
    GetStatus: asking.on_get_status,
    GetStatusUnique: asking.on_get_status_unique,
    EchoReq: asking.on_echo,
    OptionReq: asking.on_option,
    TextLine: commands.on_text,
}


def dispatcher(broker: Broker) -> Callable[[Session, Event], None]:
    """What does what a packet or a line asks for. What a broker is never sent gets an ERROR and changes nothing."""
    handler_of = HANDLERS.get

    def dispatch(session: Session, event: Event) -> None:
        handler_of(type(event), _not_expected)(broker, session, event)

    return dispatch

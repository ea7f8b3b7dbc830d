"""From a packet to what is done about it: a table, complete by test."""

from collections.abc import Callable, Mapping
from functools import partial
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


def handlers_of(broker: Broker) -> Mapping[type, Callable[[Session, Event], None]]:
    """What this broker does about a packet or a line, by its class."""
    return {kind: partial(handler, broker) for kind, handler in HANDLERS.items()}

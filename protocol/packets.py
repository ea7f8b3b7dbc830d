"""What can be said: one frozen record for each idea of the Gearman protocol.

Names, uniques, handles and payloads are bytes, for they belong to the two ends and nobody between decodes
them. How a record looks on the wire stands in ``wire.py``; who may say it, too. A record made by hand is not
checked: ``Connection.send`` does that.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from protocol.enumerations import Priority

# --- what a worker says about itself -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CanDo:
    """CAN_DO: this connection runs jobs of ``function``."""

    function: bytes


@dataclass(frozen=True, slots=True)
class CanDoTimeout:
    """CAN_DO_TIMEOUT: as CAN_DO, and a run may take ``timeout_ms`` milliseconds; 0 means no limit."""

    function: bytes
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class CantDo:
    """CANT_DO: this connection no longer runs jobs of ``function``."""

    function: bytes


@dataclass(frozen=True, slots=True)
class ResetAbilities:
    """RESET_ABILITIES: this connection no longer runs jobs of any function."""


@dataclass(frozen=True, slots=True)
class PreSleep:
    """PRE_SLEEP: the worker goes to sleep and wants a NOOP when there is work."""


@dataclass(frozen=True, slots=True)
class Noop:
    """NOOP: wake up, there may be work."""


@dataclass(frozen=True, slots=True)
class AllYours:
    """ALL_YOURS: reserved; no server serves it, ours neither, so a broker never receives this record."""


@dataclass(frozen=True, slots=True)
class SetClientId:
    """SET_CLIENT_ID: how the ``workers`` listing names this connection."""

    client_id: bytes


# --- jobs handed in ----------------------------------------------------------------------------------------


class SubmitJob(NamedTuple):
    """SUBMIT_JOB, _HIGH, _LOW and their _BG forms: six packet numbers, one idea.

    A named tuple, because a flood of jobs is made of them: a frozen record of five fields takes twice as long.
    """

    function: bytes
    unique: bytes
    payload: bytes
    priority: Priority = Priority.NORMAL
    background: bool = False


@dataclass(frozen=True, slots=True)
class SubmitJobEpoch:
    """SUBMIT_JOB_EPOCH: a background job that runs at ``run_at`` (unix seconds) or later; 0 means now."""

    function: bytes
    unique: bytes
    run_at: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class SubmitJobSched:
    """SUBMIT_JOB_SCHED: a background job that runs at the next matching minute.

    The five fields are as the client sent them: minute 0-59, hour 0-23, day 1-31, month 1-12, weekday 0-6
    with 0 = Monday.
    """

    function: bytes
    unique: bytes
    minute: bytes
    hour: bytes
    day: bytes
    month: bytes
    weekday: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class SubmitReduceJob:
    """SUBMIT_REDUCE_JOB(_BACKGROUND): a job whose worker is told to send its pieces on to ``reducer``.

    ``aggregator`` is an argument gearmand demands and ignores; the published protocol leaves it out.
    """

    function: bytes
    unique: bytes
    reducer: bytes
    aggregator: bytes
    payload: bytes
    background: bool = False


@dataclass(frozen=True, slots=True)
class JobCreated:
    """JOB_CREATED: the job was accepted (or joined an equal one) and answers to ``handle``."""

    handle: bytes


# --- jobs handed out ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GrabJob:
    """GRAB_JOB: give me a job, answered by JOB_ASSIGN or NO_JOB."""


@dataclass(frozen=True, slots=True)
class GrabJobUniq:
    """GRAB_JOB_UNIQ: give me a job and its unique, answered by JOB_ASSIGN_UNIQ or NO_JOB."""


@dataclass(frozen=True, slots=True)
class GrabJobAll:
    """GRAB_JOB_ALL: the same, answered by JOB_ASSIGN_ALL, JOB_ASSIGN_UNIQ (no reducer) or NO_JOB."""


@dataclass(frozen=True, slots=True)
class NoJob:
    """NO_JOB: nothing for this worker now."""


@dataclass(frozen=True, slots=True)
class JobAssign:
    """JOB_ASSIGN: run this."""

    handle: bytes
    function: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class JobAssignUniq:
    """JOB_ASSIGN_UNIQ: run this, its unique being this."""

    handle: bytes
    function: bytes
    unique: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class JobAssignAll:
    """JOB_ASSIGN_ALL: run this and send the pieces on to ``reducer``."""

    handle: bytes
    function: bytes
    unique: bytes
    reducer: bytes
    payload: bytes


# --- news of a running job, from its worker and relayed to its clients -------------------------------------


@dataclass(frozen=True, slots=True)
class WorkStatus:
    """WORK_STATUS: ``numerator`` of ``denominator`` is done; as text, for clients are sent the original."""

    handle: bytes
    numerator: bytes
    denominator: bytes


@dataclass(frozen=True, slots=True)
class WorkData:
    """WORK_DATA: a part of the result."""

    handle: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class WorkWarning:
    """WORK_WARNING: something to know, the job goes on."""

    handle: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class WorkComplete:
    """WORK_COMPLETE: the job is done, ``payload`` is the (last part of the) result."""

    handle: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class WorkFail:
    """WORK_FAIL: the job failed."""

    handle: bytes


@dataclass(frozen=True, slots=True)
class WorkException:
    """WORK_EXCEPTION: the job failed, ``payload`` says how."""

    handle: bytes
    payload: bytes


# --- questions and answers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetStatus:
    """GET_STATUS: how is the job of this handle?"""

    handle: bytes


@dataclass(frozen=True, slots=True)
class StatusRes:
    """STATUS_RES: the answer to GET_STATUS; a job that is over is not known."""

    handle: bytes
    known: bool
    running: bool
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class GetStatusUnique:
    """GET_STATUS_UNIQUE: how is the job of this unique, whatever its function?"""

    unique: bytes


@dataclass(frozen=True, slots=True)
class StatusResUnique:
    """STATUS_RES_UNIQUE: the answer to GET_STATUS_UNIQUE; ``clients`` counts those who wait for the job."""

    unique: bytes
    known: bool
    running: bool
    numerator: int
    denominator: int
    clients: int


@dataclass(frozen=True, slots=True)
class EchoReq:
    """ECHO_REQ: say this back."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class EchoRes:
    """ECHO_RES: said back."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class OptionReq:
    """OPTION_REQ: turn ``option`` on for this connection; its bytes as they came, the answer repeats them."""

    option: bytes


@dataclass(frozen=True, slots=True)
class OptionRes:
    """OPTION_RES: ``option`` is on."""

    option: bytes


@dataclass(frozen=True, slots=True)
class Error:
    """ERROR: a request was refused; ``code`` is for programs (see ``ErrorCode``), ``text`` for people."""

    code: bytes
    text: bytes


# --- text --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of the text protocol without its line end; only a broker receives one, between two packets."""

    line: bytes


Laden: TypeAlias = JobAssign | JobAssignUniq | JobAssignAll | WorkData | WorkWarning | WorkComplete | WorkException
"""Packets that end with a payload of any length."""

Packet: TypeAlias = (
    CanDo
    | CanDoTimeout
    | CantDo
    | ResetAbilities
    | PreSleep
    | Noop
    | AllYours
    | SetClientId
    | SubmitJob
    | SubmitJobEpoch
    | SubmitJobSched
    | SubmitReduceJob
    | JobCreated
    | GrabJob
    | GrabJobUniq
    | GrabJobAll
    | NoJob
    | JobAssign
    | JobAssignUniq
    | JobAssignAll
    | WorkStatus
    | WorkData
    | WorkWarning
    | WorkComplete
    | WorkFail
    | WorkException
    | GetStatus
    | StatusRes
    | GetStatusUnique
    | StatusResUnique
    | EchoReq
    | EchoRes
    | OptionReq
    | OptionRes
    | Error
)
"""Whatever travels as a binary packet."""

Event: TypeAlias = Packet | TextLine
"""Whatever ``Connection.next_event`` may hand out besides its two signals."""

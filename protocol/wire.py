"""The table of the wire: each packet number, who says it, its record, and its arguments in order.

Everything known about the form of a packet stands in ``ROWS``. ``decoding.py`` and ``encoding.py`` are made
from it, and know no packet by name.
"""

from collections.abc import Callable, Mapping
from enum import Flag, auto
from typing import Final, NamedTuple

from protocol import packets as p
from protocol.arguments import Kind
from protocol.enumerations import PacketType, Priority

__all__ = ["HEADER_BYTES", "REQUEST_MAGIC", "RESPONSE_MAGIC", "ROWS", "Row", "Said"]

REQUEST_MAGIC: Final = b"\0REQ"
RESPONSE_MAGIC: Final = b"\0RES"

HEADER_BYTES: Final = 12
"""Magic, type and body length, four bytes each."""


class Said(Flag):
    """Towards whom a packet may travel."""

    REQUEST = auto()
    """Towards the broker."""
    RESPONSE = auto()
    """From the broker."""
    UNSERVED = auto()
    """A peer may say it, and every broker answers that the command was not expected."""


class Row(NamedTuple):
    """One packet number."""

    number: PacketType
    said: Said
    record: Callable[..., p.Packet]
    """Its class."""
    arguments: Mapping[str, Kind]
    """The record's field names in wire order."""
    implied: Mapping[str, object]
    """What the number itself says: values of the fields that have no argument."""


_REQ: Final = Said.REQUEST
_RES: Final = Said.RESPONSE
_BOTH: Final = Said.REQUEST | Said.RESPONSE
_JOB: Final = {"function": Kind.NAME, "unique": Kind.UNIQUE}


def _row(number: PacketType, said: Said, record: Callable[..., p.Packet], **arguments: Kind) -> Row:
    return Row(number, said, record, arguments, {})


def _submit(number: PacketType, priority: Priority, background: bool) -> Row:
    implied = {"priority": priority, "background": background}
    return Row(number, _REQ, p.SubmitJob, {**_JOB, "payload": Kind.DATA}, implied)


def _reduce(number: PacketType, background: bool) -> Row:
    arguments = {**_JOB, "reducer": Kind.UNIQUE, "aggregator": Kind.NAME, "payload": Kind.DATA}
    return Row(number, _REQ, p.SubmitReduceJob, arguments, {"background": background})


ROWS: Final[tuple[Row, ...]] = (
    _row(PacketType.CAN_DO, _REQ, p.CanDo, function=Kind.NAME),
    _row(PacketType.CANT_DO, _REQ, p.CantDo, function=Kind.NAME),
    _row(PacketType.RESET_ABILITIES, _REQ, p.ResetAbilities),
    _row(PacketType.PRE_SLEEP, _REQ, p.PreSleep),
    _row(PacketType.NOOP, _RES, p.Noop),
    _submit(PacketType.SUBMIT_JOB, Priority.NORMAL, background=False),
    _row(PacketType.JOB_CREATED, _RES, p.JobCreated, handle=Kind.NAME),
    _row(PacketType.GRAB_JOB, _REQ, p.GrabJob),
    _row(PacketType.NO_JOB, _RES, p.NoJob),
    _row(PacketType.JOB_ASSIGN, _RES, p.JobAssign, handle=Kind.NAME, function=Kind.NAME, payload=Kind.DATA),
    _row(
        PacketType.WORK_STATUS,
        _BOTH,
        p.WorkStatus,
        handle=Kind.NAME,
        numerator=Kind.NAME,
        denominator=Kind.NAME,
    ),
    _row(PacketType.WORK_COMPLETE, _BOTH, p.WorkComplete, handle=Kind.NAME, payload=Kind.RESULT),
    _row(PacketType.WORK_FAIL, _BOTH, p.WorkFail, handle=Kind.NAME),
    _row(PacketType.GET_STATUS, _REQ, p.GetStatus, handle=Kind.NAME),
    _row(PacketType.ECHO_REQ, _REQ, p.EchoReq, payload=Kind.DATA),
    _row(PacketType.ECHO_RES, _RES, p.EchoRes, payload=Kind.DATA),
    _submit(PacketType.SUBMIT_JOB_BG, Priority.NORMAL, background=True),
    _row(PacketType.ERROR, _RES, p.Error, code=Kind.NAME, text=Kind.VERBATIM),
    _row(
        PacketType.STATUS_RES,
        _RES,
        p.StatusRes,
        handle=Kind.NAME,
        known=Kind.FLAG,
        running=Kind.FLAG,
        numerator=Kind.NUMBER,
        denominator=Kind.NUMBER,
    ),
    _submit(PacketType.SUBMIT_JOB_HIGH, Priority.HIGH, background=False),
    _row(PacketType.SET_CLIENT_ID, _REQ, p.SetClientId, client_id=Kind.NAME),
    _row(PacketType.CAN_DO_TIMEOUT, _REQ, p.CanDoTimeout, function=Kind.NAME, timeout_ms=Kind.NUMBER),
    _row(PacketType.ALL_YOURS, Said.UNSERVED, p.AllYours),
    _row(PacketType.WORK_EXCEPTION, _BOTH, p.WorkException, handle=Kind.NAME, payload=Kind.RESULT),
    _row(PacketType.OPTION_REQ, _REQ, p.OptionReq, option=Kind.VERBATIM),
    _row(PacketType.OPTION_RES, _RES, p.OptionRes, option=Kind.VERBATIM),
    _row(PacketType.WORK_DATA, _BOTH, p.WorkData, handle=Kind.NAME, payload=Kind.RESULT),
    _row(PacketType.WORK_WARNING, _BOTH, p.WorkWarning, handle=Kind.NAME, payload=Kind.RESULT),
    _row(PacketType.GRAB_JOB_UNIQ, _REQ, p.GrabJobUniq),
    _row(
        PacketType.JOB_ASSIGN_UNIQ,
        _RES,
        p.JobAssignUniq,
        handle=Kind.NAME,
        function=Kind.NAME,
        unique=Kind.NAME,
        payload=Kind.DATA,
    ),
    _submit(PacketType.SUBMIT_JOB_HIGH_BG, Priority.HIGH, background=True),
    _submit(PacketType.SUBMIT_JOB_LOW, Priority.LOW, background=False),
    _submit(PacketType.SUBMIT_JOB_LOW_BG, Priority.LOW, background=True),
    _row(
        PacketType.SUBMIT_JOB_SCHED,
        _REQ,
        p.SubmitJobSched,
        **_JOB,
        minute=Kind.NAME,
        hour=Kind.NAME,
        day=Kind.NAME,
        month=Kind.NAME,
        weekday=Kind.NAME,
        payload=Kind.DATA,
    ),
    _row(PacketType.SUBMIT_JOB_EPOCH, _REQ, p.SubmitJobEpoch, **_JOB, run_at=Kind.NUMBER, payload=Kind.DATA),
    _reduce(PacketType.SUBMIT_REDUCE_JOB, background=False),
    _reduce(PacketType.SUBMIT_REDUCE_JOB_BACKGROUND, background=True),
    _row(PacketType.GRAB_JOB_ALL, _REQ, p.GrabJobAll),
    _row(
        PacketType.JOB_ASSIGN_ALL,
        _RES,
        p.JobAssignAll,
        handle=Kind.NAME,
        function=Kind.NAME,
        unique=Kind.NAME,
        reducer=Kind.NAME,
        payload=Kind.DATA,
    ),
    _row(PacketType.GET_STATUS_UNIQUE, _REQ, p.GetStatusUnique, unique=Kind.NAME),
    _row(
        PacketType.STATUS_RES_UNIQUE,
        _RES,
        p.StatusResUnique,
        unique=Kind.NAME,
        known=Kind.FLAG,
        running=Kind.FLAG,
        numerator=Kind.NUMBER,
        denominator=Kind.NUMBER,
        clients=Kind.NUMBER,
    ),
)

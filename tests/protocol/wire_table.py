"""The wire as a table: what is said, the record that says it, and its bytes.

The bytes were written down from the protocol, not taken from the code that they test.
"""

from typing import NamedTuple

from protocol import (
    CanDo,
    CanDoTimeout,
    CantDo,
    EchoReq,
    EchoRes,
    Error,
    ErrorCode,
    GetStatus,
    GetStatusUnique,
    GrabJob,
    GrabJobAll,
    GrabJobUniq,
    JobAssign,
    JobAssignAll,
    JobAssignUniq,
    JobCreated,
    NoJob,
    Noop,
    OptionReq,
    OptionRes,
    Packet,
    PreSleep,
    Priority,
    ResetAbilities,
    Role,
    SetClientId,
    StatusRes,
    StatusResUnique,
    SubmitJob,
    SubmitJobEpoch,
    SubmitJobSched,
    SubmitReduceJob,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
)

REQUEST, RESPONSE = "00524551 ", "00524553 "

FROM_PEERS: dict[str, tuple[Packet, str]] = {
    "a worker that can": (CanDo(b"resize"), "00524551 00000001 00000006 726573697a65"),
    "a worker that can in time": (
        CanDoTimeout(b"resize", 1500),
        "00524551 00000017 0000000b 726573697a65 00 31353030",
    ),
    "a worker that cannot any more": (CantDo(b"resize"), "00524551 00000002 00000006 726573697a65"),
    "a worker that can nothing any more": (ResetAbilities(), "00524551 00000003 00000000"),
    "a worker going to sleep": (PreSleep(), "00524551 00000004 00000000"),
    "an id": (SetClientId(b"worker 7"), "00524551 00000016 00000008 776f726b65722037"),
    "a plea for work": (GrabJob(), "00524551 00000009 00000000"),
    "a plea for work and its unique": (GrabJobUniq(), "00524551 0000001e 00000000"),
    "a plea for work and all there is": (GrabJobAll(), "00524551 00000027 00000000"),
    "a job": (SubmitJob(b"f", b"u", b"x"), "00524551 00000007 00000005 66 00 75 00 78"),
    "a job without unique and payload": (SubmitJob(b"f", b"", b""), "00524551 00000007 00000003 66 00 00"),
    "a job whose payload has NULs": (
        SubmitJob(b"f", b"u", b"\0a\0\0"),
        "00524551 00000007 00000008 66 00 75 00 00 61 00 00",
    ),
    "an urgent job": (
        SubmitJob(b"f", b"u", b"x", Priority.HIGH),
        "00524551 00000015 00000005 66 00 75 00 78",
    ),
    "a job for later": (
        SubmitJob(b"f", b"u", b"x", Priority.LOW),
        "00524551 00000021 00000005 66 00 75 00 78",
    ),
    "a background job": (
        SubmitJob(b"f", b"u", b"x", background=True),
        "00524551 00000012 00000005 66 00 75 00 78",
    ),
    "an urgent background job": (
        SubmitJob(b"f", b"u", b"x", Priority.HIGH, background=True),
        "00524551 00000020 00000005 66 00 75 00 78",
    ),
    "a background job for later": (
        SubmitJob(b"f", b"u", b"x", Priority.LOW, background=True),
        "00524551 00000022 00000005 66 00 75 00 78",
    ),
    "a job with a date": (
        SubmitJobEpoch(b"f", b"u", 1700000000, b"x\0y"),
        "00524551 00000024 00000012 66 00 75 00 31373030303030303030 00 78 00 79",
    ),
    "a job by the calendar": (
        SubmitJobSched(b"f", b"u", b"0", b"23", b"", b"*", b"6", b"x\0y"),
        "00524551 00000023 00000011 66 00 75 00 30 00 3233 00 00 2a 00 36 00 78 00 79",
    ),
    "a job with a reducer": (
        SubmitReduceJob(b"f", b"u", b"r", b"", b"x\0y"),
        "00524551 00000025 0000000a 66 00 75 00 72 00 00 78 00 79",
    ),
    "a background job with a reducer": (
        SubmitReduceJob(b"f", b"u", b"r", b"a", b"x", background=True),
        "00524551 00000026 00000009 66 00 75 00 72 00 61 00 78",
    ),
    "a question about a job": (GetStatus(b"H:h:1"), "00524551 0000000f 00000005 483a683a31"),
    "a question about a unique": (GetStatusUnique(b"u"), "00524551 00000029 00000001 75"),
    "an echo wanted": (EchoReq(b"\0hi\0"), "00524551 00000010 00000004 00 6869 00"),
    "an option wanted": (OptionReq(b"exceptions"), "00524551 0000001a 0000000a 657863657074696f6e73"),
    "an option wanted with a NUL": (
        OptionReq(b"exceptions\0"),
        "00524551 0000001a 0000000b 657863657074696f6e73 00",
    ),
}

FROM_BROKERS: dict[str, tuple[Packet, str]] = {
    "a wake-up": (Noop(), "00524553 00000006 00000000"),
    "a handle": (JobCreated(b"H:h:1"), "00524553 00000008 00000005 483a683a31"),
    "no work": (NoJob(), "00524553 0000000a 00000000"),
    "work": (JobAssign(b"H:h:1", b"f", b"x\0y"), "00524553 0000000b 0000000b 483a683a31 00 66 00 78 00 79"),
    "work and its unique": (
        JobAssignUniq(b"H:h:1", b"f", b"u", b"x"),
        "00524553 0000001f 0000000b 483a683a31 00 66 00 75 00 78",
    ),
    "work without unique and payload": (
        JobAssignUniq(b"H:h:1", b"f", b"", b""),
        "00524553 0000001f 00000009 483a683a31 00 66 00 00",
    ),
    "work and its reducer": (
        JobAssignAll(b"H:h:1", b"f", b"u", b"r", b"x\0"),
        "00524553 00000028 0000000e 483a683a31 00 66 00 75 00 72 00 78 00",
    ),
    "a job that runs": (
        StatusRes(b"H:h:1", known=True, running=True, numerator=1, denominator=3),
        "00524553 00000014 0000000d 483a683a31 00 31 00 31 00 31 00 33",
    ),
    "a job unknown": (
        StatusRes(b"H:h:1", known=False, running=False, numerator=0, denominator=0),
        "00524553 00000014 0000000d 483a683a31 00 30 00 30 00 30 00 30",
    ),
    "a unique that two wait for": (
        StatusResUnique(b"u", known=True, running=False, numerator=0, denominator=0, clients=2),
        "00524553 0000002a 0000000b 75 00 31 00 30 00 30 00 30 00 32",
    ),
    "an echo": (EchoRes(b"\0hi\0"), "00524553 00000011 00000004 00 6869 00"),
    "an option set": (OptionRes(b"exceptions"), "00524553 0000001b 0000000a 657863657074696f6e73"),
    "a refusal": (
        Error(ErrorCode.QUEUE_ERROR, b"Job queue is full"),
        "00524553 00000013 0000001d 51554555455f4552524f52 00 4a6f622071756575652069732066756c6c",
    ),
}

NEWS: dict[str, tuple[Packet, str]] = {
    "progress": (WorkStatus(b"H:h:1", b"1", b"3"), "0000000c 00000009 483a683a31 00 31 00 33"),
    "progress that is no number": (
        WorkStatus(b"H:h:1", b"1.5", b""),
        "0000000c 0000000a 483a683a31 00 312e35 00",
    ),
    "a part": (WorkData(b"H:h:1", b"\0a\0"), "0000001c 00000009 483a683a31 00 00 61 00"),
    "a warning": (WorkWarning(b"H:h:1", b"hot"), "0000001d 00000009 483a683a31 00 686f74"),
    "a result": (WorkComplete(b"H:h:1", b"a\0b"), "0000000d 00000009 483a683a31 00 61 00 62"),
    "a result of nothing": (WorkComplete(b"H:h:1", b""), "0000000d 00000006 483a683a31 00"),
    "a failure": (WorkFail(b"H:h:1"), "0000000e 00000005 483a683a31"),
    "an exception": (WorkException(b"H:h:1", b"boom"), "00000019 0000000a 483a683a31 00 626f6f6d"),
}
"""What workers tell the broker and brokers tell the client; their magic aside, the bytes are the same."""


class Line(NamedTuple):
    """A row of the table for one direction."""

    listener: Role
    packet: Packet
    wire: bytes

    @property
    def speaker(self) -> Role:
        """The other end."""
        return Role.PEER if self.listener is Role.BROKER else Role.BROKER


def _lines(listener: Role, rows: dict[str, tuple[Packet, str]], magic: str = "") -> dict[str, Line]:
    return {
        f"{said} to a {listener.value}": Line(listener, packet, bytes.fromhex(magic + wire))
        for said, (packet, wire) in rows.items()
    }


WIRE: dict[str, Line] = {
    **_lines(Role.BROKER, FROM_PEERS),
    **_lines(Role.BROKER, NEWS, REQUEST),
    **_lines(Role.PEER, FROM_BROKERS),
    **_lines(Role.PEER, NEWS, RESPONSE),
}

"""Any packet, and any stream of bytes that is almost one."""

from hypothesis import strategies as st

from protocol import (
    AllYours,
    CanDo,
    CanDoTimeout,
    CantDo,
    Connection,
    EchoReq,
    EchoRes,
    Error,
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

FREE_BYTES = st.binary(max_size=40) | st.builds(bytes.__mul__, st.binary(max_size=3), st.integers(0, 9_000))
NAMES = st.binary(max_size=100).map(lambda name: name.replace(b"\0", b"."))
UNIQUES = st.binary(max_size=64).map(lambda unique: unique.replace(b"\0", b"-"))
NUMBERS = st.integers(0, 2**63 - 1)
FLAGS = st.booleans()
SHORT_BYTES = st.binary(max_size=100)

NEWS: st.SearchStrategy[Packet] = st.one_of(
    st.builds(WorkStatus, NAMES, NAMES, NAMES),
    st.builds(WorkData, NAMES, FREE_BYTES),
    st.builds(WorkWarning, NAMES, FREE_BYTES),
    st.builds(WorkComplete, NAMES, FREE_BYTES),
    st.builds(WorkFail, NAMES),
    st.builds(WorkException, NAMES, FREE_BYTES),
)

REQUESTS: st.SearchStrategy[Packet] = st.one_of(
    NEWS,
    st.sampled_from([ResetAbilities(), PreSleep(), GrabJob(), GrabJobUniq(), GrabJobAll()]),
    st.builds(CanDo, NAMES),
    st.builds(CantDo, NAMES),
    st.builds(CanDoTimeout, NAMES, NUMBERS),
    st.builds(SetClientId, NAMES),
    st.builds(SubmitJob, NAMES, UNIQUES, FREE_BYTES, st.sampled_from(Priority), FLAGS),
    st.builds(SubmitJobEpoch, NAMES, UNIQUES, NUMBERS, FREE_BYTES),
    st.builds(SubmitJobSched, NAMES, UNIQUES, NAMES, NAMES, NAMES, NAMES, NAMES, FREE_BYTES),
    st.builds(SubmitReduceJob, NAMES, UNIQUES, UNIQUES, NAMES, FREE_BYTES, FLAGS),
    st.builds(GetStatus, NAMES),
    st.builds(GetStatusUnique, NAMES),
    st.builds(EchoReq, FREE_BYTES),
    st.builds(OptionReq, SHORT_BYTES),
)

RESPONSES: st.SearchStrategy[Packet] = st.one_of(
    NEWS,
    st.sampled_from([Noop(), NoJob()]),
    st.builds(JobCreated, NAMES),
    st.builds(JobAssign, NAMES, NAMES, FREE_BYTES),
    st.builds(JobAssignUniq, NAMES, NAMES, NAMES, FREE_BYTES),
    st.builds(JobAssignAll, NAMES, NAMES, NAMES, NAMES, FREE_BYTES),
    st.builds(StatusRes, NAMES, FLAGS, FLAGS, NUMBERS, NUMBERS),
    st.builds(StatusResUnique, NAMES, FLAGS, FLAGS, NUMBERS, NUMBERS, NUMBERS),
    st.builds(EchoRes, FREE_BYTES),
    st.builds(OptionRes, SHORT_BYTES),
    st.builds(Error, NAMES, SHORT_BYTES),
)

HEARD_BY: dict[Role, st.SearchStrategy[Packet]] = {Role.BROKER: REQUESTS, Role.PEER: RESPONSES}
SPEAKING_TO: dict[Role, Role] = {Role.BROKER: Role.PEER, Role.PEER: Role.BROKER}


def said_to(role: Role, packet: Packet) -> bytes:
    """``packet`` as the other end writes it."""
    return Connection(SPEAKING_TO[role]).send(packet)


@st.composite
def chunked(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """``data`` cut anywhere, at up to 30 places."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=30)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return [piece for piece in pieces if piece]


@st.composite
def almost_streams(draw: st.DrawFn, role: Role) -> bytes:
    """Packets and lines in a row, with bytes of it changed, doubled, dropped or put in."""
    said = HEARD_BY[role].map(lambda packet: said_to(role, packet))
    headers = st.builds(
        lambda magic, number, length, body: magic + number.to_bytes(4, "big") + length.to_bytes(4, "big") + body,
        st.sampled_from([b"\0REQ", b"\0RES"]),
        st.integers(0, 44),
        st.integers(0, 60) | st.integers(0, 2**32 - 1),
        st.binary(max_size=60),
    )
    lines = st.binary(max_size=30).map(lambda line: line + b"\n")
    unsaid = st.just(said_to(Role.BROKER, AllYours()))
    data = b"".join(draw(st.lists(st.one_of(said, said, said, headers, lines, unsaid), max_size=8)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        until = draw(st.integers(at, min(len(data), at + 20)))
        middle = draw(st.sampled_from([b"", data[at:until] * 2, b"\0"]) | st.binary(max_size=12))
        data = data[:at] + middle + data[until:]
    return data

"""Whatever arrives: packets, lines and protocol errors; nothing else, and the same in all chunkings."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol import CLOSED, Connection, Role
from tests.protocol.listening import Fault, byte_by_byte, hear, listen
from tests.protocol.strategies import almost_streams, chunked

LIMIT = 12_000

each_role = pytest.mark.parametrize("role", Role)
# Wall clock says nothing about the protocol, and on a busy machine it says it at random.
patient = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])


def outcome_is_lawful(role: Role, stream: bytes, pieces: list[bytes]) -> None:
    # Anything but a RemoteProtocolError passes through hear() and fails the test.
    heard = hear(role, [stream], max_body=LIMIT)
    last = heard[-1]
    assert last is CLOSED or (isinstance(last, Fault) and last.fatal)
    assert hear(role, pieces, max_body=LIMIT) == heard
    assert hear(role, byte_by_byte(stream), max_body=LIMIT) == heard


@each_role
@patient
@given(data=st.data())
def test_spoilt_streams(role: Role, data: st.DataObject) -> None:
    stream = data.draw(almost_streams(role))
    outcome_is_lawful(role, stream, data.draw(chunked(stream)))


@each_role
@patient
@given(data=st.data())
def test_plain_noise(role: Role, data: st.DataObject) -> None:
    stream = data.draw(st.sampled_from([b"", b"\0REQ", b"\0RES\0\0\0"])) + data.draw(st.binary(max_size=300))
    outcome_is_lawful(role, stream, data.draw(chunked(stream)))


@patient
@given(data=st.data())
def test_asking_late_changes_nothing(data: st.DataObject) -> None:
    """Whether events are taken out after each piece or at the end is the owner's choice."""
    stream = data.draw(almost_streams(Role.BROKER))
    late, together = Connection(Role.BROKER, max_body=LIMIT), hear(Role.BROKER, [stream], max_body=LIMIT)
    for piece in data.draw(chunked(stream)):
        late.receive_data(piece)
    late.receive_data(b"")
    assert listen(late) == together

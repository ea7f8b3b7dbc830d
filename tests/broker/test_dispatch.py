"""The table from packets to handlers: it is complete, and each handler takes what it stands beside."""

import inspect
import types
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from broker.dispatch import HANDLERS
from protocol import AllYours, Packet, TextLine
from protocol.wire import ROWS, Said

RECEIVED = {row.record for row in ROWS if Said.REQUEST in row.said}
"""What a broker may be sent, by the table of the wire."""


def kinds_of(annotation: Any) -> set[type]:
    """The classes of an annotation, which may be a union."""
    if get_origin(annotation) in (Union, types.UnionType):
        return set(get_args(annotation))
    return {annotation}


def test_every_packet_and_line_that_a_broker_receives_has_a_handler() -> None:
    assert set(HANDLERS) == RECEIVED | {TextLine}


def test_every_packet_is_either_received_or_never_sent_to_a_broker() -> None:
    responses = {row.record for row in ROWS if Said.RESPONSE in row.said}
    assert RECEIVED | responses | {AllYours} == set(get_args(Packet))


@pytest.mark.parametrize("kind", HANDLERS, ids=lambda kind: kind.__name__)
def test_a_handler_takes_the_packet_that_it_stands_beside(kind: type) -> None:
    handler = HANDLERS[kind]
    *_, taken = inspect.signature(handler).parameters
    hints = get_type_hints(handler)
    assert kind in kinds_of(hints[taken])

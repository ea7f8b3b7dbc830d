"""What a pipe has done so far, for people and for tests that count trips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class PipeStatistics:
    """A snapshot. All but the last two only grow; greetings are counted like everything else.

    Attributes:
        connects: connections that became ready.
        sends: trips: how often all that waited was handed to the socket as one piece.
        commands: commands sent, repeats included.
        replies: replies that arrived, late ones included; push messages are none.
        pushes: push messages that arrived.
        bytes_out: bytes handed to the socket.
        bytes_in: bytes read from it.
        in_flight: commands sent and not answered yet.
        unsent_bytes: bytes of the commands that wait to be sent.
    """

    connects: int
    sends: int
    commands: int
    replies: int
    pushes: int
    bytes_out: int
    bytes_in: int
    in_flight: int
    unsent_bytes: int


def total(parts: Sequence[PipeStatistics], waiting_bytes: int) -> PipeStatistics:
    """Several pipes as one, with what waits for none of them in particular."""
    sums = {field.name: sum(getattr(part, field.name) for part in parts) for field in fields(PipeStatistics)}
    sums["unsent_bytes"] += waiting_bytes
    return PipeStatistics(**sums)


@dataclass(slots=True)
class Counters:
    """The growing half of it, counted by whoever sees it happen."""

    connects: int = 0
    sends: int = 0
    commands: int = 0
    replies: int = 0
    pushes: int = 0
    bytes_out: int = 0
    bytes_in: int = 0

    def snapshot(self, *, in_flight: int, unsent_bytes: int) -> PipeStatistics:
        """Everything as it stands now."""
        return PipeStatistics(
            self.connects,
            self.sends,
            self.commands,
            self.replies,
            self.pushes,
            self.bytes_out,
            self.bytes_in,
            in_flight,
            unsent_bytes,
        )

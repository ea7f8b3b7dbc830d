"""Clients and workers of a load, on raw sockets: bytes made beforehand go out, 12 bytes tell what came in.

Nothing of our codec is used, so that the load costs little and cannot agree with the broker in a mistake.
"""

import os
import socket
import struct
import time
from array import array
from collections import deque
from typing import Final

from bench.load import Load

PRE_SLEEP_PACKET: Final = b"\0REQ\0\0\0\x04\0\0\0\0"
GRAB_JOB_UNIQ_PACKET: Final = b"\0REQ\0\0\0\x1e\0\0\0\0"
CAN_DO: Final = 1
SUBMIT_JOB: Final = 7
SUBMIT_JOB_BG: Final = 18

NOOP: Final = 6
JOB_CREATED: Final = 8
NO_JOB: Final = 10
WORK_STATUS: Final = 12
WORK_COMPLETE: Final = 13
JOB_ASSIGN_UNIQ: Final = 31

HEADER_BYTES: Final = 12
STAMP_BYTES: Final = 20
"""At the start of each payload: when its job was due."""
UNIQUE_BYTES: Final = 36  # as long as the uuid that libgearman gives every job
READ_BYTES: Final = 262_144
PATIENCE_SECONDS: Final = 30.0

length_of = struct.Struct(">I").unpack_from


def packet(kind: int, body: bytes) -> bytes:
    """A request."""
    return b"\0REQ" + struct.pack(">II", kind, len(body)) + body


class Peer:
    """One connection, and what it has heard of a packet that is not whole."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = bytearray()
        self._wanted = 0

    def read(self) -> bytes | bytearray:
        """What begins with a header and holds one packet at least; empty if there is none yet."""
        data = self.socket.recv(READ_BYTES)
        if not data:
            raise ConnectionResetError("the server hung up")
        if not self._rest:
            return data
        self._rest += data
        if len(self._rest) < self._wanted:
            return b""
        whole, self._rest = self._rest, bytearray()
        return whole

    def keep(self, data: bytes | bytearray, at: int) -> None:
        """From here on it is not a whole packet."""
        self._rest = bytearray(data[at:])
        left = len(self._rest)
        self._wanted = HEADER_BYTES + (length_of(self._rest, 8)[0] if left >= HEADER_BYTES else 0)


class Client(Peer):
    """Submits jobs, and hears of them."""

    def __init__(self, address: tuple[str, int], load: Load) -> None:
        super().__init__(address)
        kind = SUBMIT_JOB_BG if load.background else SUBMIT_JOB
        payload = b"0" * STAMP_BYTES + b"x" * (load.payload_bytes - STAMP_BYTES)
        self._job = bytearray(packet(kind, load.function + b"\0" + b"u" * UNIQUE_BYTES + b"\0" + payload))
        self._unique = HEADER_BYTES + len(load.function) + 1
        self._stamp = self._unique + UNIQUE_BYTES + 1
        self._mark = os.urandom(6).hex().encode()
        self._number = 0
        self.unanswered: deque[int] = deque()
        """When the jobs were due that JOB_CREATED has not been heard of."""
        self.open = 0
        """Places of the window that are taken."""
        self.free = True
        """Whether it stands among those that may submit."""

    def submit(self, due: int) -> None:
        """One job, in a write of its own, as libgearman sends it."""
        self._number += 1
        job = self._job
        job[self._unique : self._stamp - 1] = b"%s%024d" % (self._mark, self._number)
        job[self._stamp : self._stamp + STAMP_BYTES] = b"%020d" % due
        self.unanswered.append(due)
        self.open += 1
        self.socket.sendall(job)


class Worker(Peer):
    """Does nothing with jobs, and says so."""

    def __init__(self, address: tuple[str, int], load: Load) -> None:
        super().__init__(address)
        self._load = load
        self._suffixes = [b"\0%d\0%d" % (step, load.statuses) for step in range(1, load.statuses + 1)]
        self.holds = False
        """Whether it has sent an end that the server has not shown to have seen."""
        self._sleeps = False
        self.socket.sendall(packet(CAN_DO, load.function))

    def grab(self) -> None:
        """Ask for work."""
        self.socket.sendall(GRAB_JOB_UNIQ_PACKET)

    def sleep(self) -> None:
        """Wait to be called."""
        self._sleeps = True
        self.socket.sendall(PRE_SLEEP_PACKET)

    def wake(self) -> None:
        """NOOP: ask for work, unless that has been done since it slept."""
        if self._sleeps:
            self._sleeps = False
            self.grab()

    def do(self, data: bytes | bytearray, at: int, end: int, waits: "array[int]") -> None:
        """The job whose JOB_ASSIGN_UNIQ stands there: each packet is a write of its own, as libgearman's."""
        payload_at = end - self._load.payload_bytes
        stamp = data[payload_at : payload_at + STAMP_BYTES]
        waits.append(time.monotonic_ns() - int(stamp))
        handle = bytes(data[at + HEADER_BYTES : data.index(0, at + HEADER_BYTES)])
        for suffix in self._suffixes:
            self.socket.sendall(packet(WORK_STATUS, handle + suffix))
        result = data[payload_at:end] if self._load.echoes else stamp
        self.socket.sendall(packet(WORK_COMPLETE, handle + b"\0" + result))
        self.holds = True
        self.socket.sendall(GRAB_JOB_UNIQ_PACKET)

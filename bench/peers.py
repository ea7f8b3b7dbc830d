"""Clients and workers of a load, on raw sockets: bytes made beforehand go out, 12 bytes tell what came in.

Nothing of our codec is used, so that the load costs little and cannot agree with the broker in a mistake.
"""

import os
import socket
import ssl
import struct
import time
from array import array
from collections import deque
from typing import Final

from bench.load import Load

PRE_SLEEP_PACKET: Final = b"\0REQ\0\0\0\x04\0\0\0\0"
NO_JOB_PACKET: Final = b"\0RES\0\0\0\x0a\0\0\0\0"
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
READ_BYTES: Final = 16_384
LARGE_READ_BYTES: Final = 262_144
"""Where payloads are large; a buffer of this size is dear to make for an answer of some bytes."""
PATIENCE_SECONDS: Final = 30.0

length_of = struct.Struct(">I").unpack_from
head = struct.Struct(">4sII").pack


def packet(kind: int, *parts: bytes | bytearray) -> bytes:
    """A request; its body in parts."""
    return b"".join((head(b"\0REQ", kind, sum(map(len, parts))), *parts))


def _encrypt(plain: socket.socket) -> ssl.SSLSocket:
    """TLS with whoever answers: what is asked is what encryption costs, not who they are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # A duplicate, for to wrap a socket is to close it: its number stays that which epoll knows.
    return context.wrap_socket(plain.dup())


class Peer:
    """One connection, and what it has heard of a packet that is not whole."""

    def __init__(self, address: tuple[str, int], load: Load) -> None:
        self.socket = socket.create_connection(address, PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel's timeouts: with Python's own, each call asks first whether it may, at the cost of one more.
        self.socket.settimeout(None)
        for which in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self.socket.setsockopt(socket.SOL_SOCKET, which, struct.pack("ll", int(PATIENCE_SECONDS), 0))
        self._read_bytes = READ_BYTES if load.payload_bytes < READ_BYTES else LARGE_READ_BYTES
        self._encrypted = _encrypt(self.socket) if load.tls else None
        self._recv, self._send = (self._encrypted or self.socket).recv, (self._encrypted or self.socket).sendall
        self._rest = bytearray()
        self._wanted = 0

    def read(self) -> bytes | bytearray:
        """What begins with a header and holds one packet at least; empty if there is none yet."""
        data = self._recv(self._read_bytes)
        if not data:
            raise ConnectionResetError("the server hung up")
        while self._encrypted and self._encrypted.pending():
            data += self._recv(self._read_bytes)
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
        super().__init__(address, load)
        kind = SUBMIT_JOB_BG if load.background else SUBMIT_JOB
        payload = b"0" * STAMP_BYTES + b"x" * (load.payload_bytes - STAMP_BYTES)
        self._job = bytearray(
            packet(kind, load.function + b"\0" + b"u" * (UNIQUE_BYTES * load.unique) + b"\0" + payload)
        )
        self._has_unique = load.unique
        self._unique = HEADER_BYTES + len(load.function) + 1
        self._stamp = self._unique + UNIQUE_BYTES * load.unique + 1
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
        if self._has_unique:
            job[self._unique : self._stamp - 1] = b"%s%024d" % (self._mark, self._number)
        job[self._stamp : self._stamp + STAMP_BYTES] = b"%020d" % due
        self.unanswered.append(due)
        self.open += 1
        self._send(job)


class Worker(Peer):
    """Does nothing with jobs, and says so."""

    def __init__(self, address: tuple[str, int], load: Load) -> None:
        super().__init__(address, load)
        self._payload_bytes, self._echoes = load.payload_bytes, load.echoes
        self._suffixes = [b"\0%d\0%d" % (step, load.statuses) for step in range(1, load.statuses + 1)]
        self.holds = False
        """Whether it has sent an end that the server has not shown to have seen."""
        self._sleeps = False
        # Few may wait to be accepted, and who finds no place waits a second: be accepted before the next one comes.
        self.grab()
        if (answer := self._recv(HEADER_BYTES)) != NO_JOB_PACKET:
            raise ConnectionResetError(f"a worker that can do nothing was answered {answer!r}")
        self._send(packet(CAN_DO, load.function))

    def grab(self) -> None:
        """Ask for work."""
        self._send(GRAB_JOB_UNIQ_PACKET)

    def sleep(self) -> None:
        """Wait to be called."""
        self._sleeps = True
        self._send(PRE_SLEEP_PACKET)

    def wake(self) -> None:
        """NOOP: ask for work, unless that has been done since it slept."""
        if self._sleeps:
            self._sleeps = False
            self.grab()

    def do(self, data: bytes | bytearray, at: int, end: int, waits: "array[int]") -> None:
        """The job whose JOB_ASSIGN_UNIQ stands there: each packet is a write of its own, as libgearman's."""
        payload_at = end - self._payload_bytes
        stamp = data[payload_at : payload_at + STAMP_BYTES]
        waits.append(time.monotonic_ns() - int(stamp))
        handle = data[at + HEADER_BYTES : data.index(0, at + HEADER_BYTES)]
        for suffix in self._suffixes:
            self._send(packet(WORK_STATUS, handle, suffix))
        result = data[payload_at:end] if self._echoes else stamp
        self._send(packet(WORK_COMPLETE, handle, b"\0", result))
        self.holds = True
        self._send(GRAB_JOB_UNIQ_PACKET)

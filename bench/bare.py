"""The least that a durable server takes in Python: `python -m bench.bare PORT REDIS-PORT`.

One plain loop over one epoll set that does nothing but read, store and write. A job is one HSET when it comes and one
HDEL when it ends; all that a turn of the loop asks of Redis leaves in one write. It knows no functions, uniques,
priorities, limits, lost workers or other servers, checks nothing, and finds nothing again after a restart. So it is of
use as a floor alone: what a job costs it, the kernel, Redis and the language cost.
"""

import contextlib
import select
import socket
import struct
import sys
from collections import deque
from typing import Final, NamedTuple

from bench.peers import (
    HEADER_BYTES,
    JOB_ASSIGN_UNIQ,
    JOB_CREATED,
    NO_JOB,
    NOOP,
    SUBMIT_JOB,
    SUBMIT_JOB_BG,
    WORK_COMPLETE,
    head,
)

PRE_SLEEP: Final = 4
ECHO_REQ: Final = 16
ECHO_RES: Final = 17
GRAB_JOB_UNIQ: Final = 30
READ_BYTES: Final = 65_536
JOBS: Final = b"bare:jobs"
heads = struct.Struct(">4sII").unpack_from


class Peer:
    """A client or worker: its socket, what it said in part, and what it is to be told."""

    def __init__(self, plain: socket.socket) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = plain
        self.rest = b""
        self.said: list[bytes] = []


class Job(NamedTuple):
    """A job that Redis is being told of, or has been told of."""

    handle: bytes
    payload: bytes
    submitter: Peer
    background: bool


class Bare:
    """The server."""

    def __init__(self, port: int, redis_port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self._redis = socket.create_connection(("127.0.0.1", redis_port))
        self._redis.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._epoll = select.epoll()
        self._peers: dict[int, Peer] = {}
        self._told: set[Peer] = set()
        self._commands: list[bytes] = []
        self._asked: deque[Job | None] = deque()
        """Whose answers are to come from Redis; None: the end of a job, of which nobody is told."""
        self._on_the_way = self._number = 0
        self._queue: deque[Job] = deque()
        self._running: dict[bytes, Job] = {}
        self._waiting: deque[Peer] = deque()
        """Workers whose GRAB_JOB came before the job they were woken for was stored."""
        self._asleep: dict[Peer, None] = {}

    def run(self) -> None:
        """Serve, for ever."""
        listener, redis = self._listener.fileno(), self._redis.fileno()
        for number in (listener, redis):
            self._epoll.register(number, select.EPOLLIN)
        while True:
            for number, _ in self._epoll.poll():
                if number == listener:
                    self._accept()
                elif number == redis:
                    self._redis_answers()
                else:
                    self._hear(number, self._peers[number])
            self._tell()

    def _accept(self) -> None:
        peer = Peer(self._listener.accept()[0])
        self._peers[peer.socket.fileno()] = peer
        self._epoll.register(peer.socket.fileno(), select.EPOLLIN)

    def _hear(self, number: int, peer: Peer) -> None:
        more = b""
        with contextlib.suppress(ConnectionError):
            more = peer.socket.recv(READ_BYTES)
        if not more:
            self._epoll.unregister(number)
            self._asleep.pop(peer, None)
            self._peers.pop(number).socket.close()
            return
        data, at = peer.rest + more, 0
        while len(data) - at >= HEADER_BYTES:
            _, kind, length = heads(data, at)
            end = at + HEADER_BYTES + length
            if end > len(data):
                break
            self._do(peer, kind, data[at + HEADER_BYTES : end])
            at = end
        peer.rest = data[at:]

    def _do(self, peer: Peer, kind: int, body: bytes) -> None:
        if kind in (SUBMIT_JOB, SUBMIT_JOB_BG):
            self._store(peer, body, kind == SUBMIT_JOB_BG)
        elif kind == GRAB_JOB_UNIQ:
            if self._queue:
                self._assign(peer, self._queue.popleft())
            elif self._on_the_way > len(self._waiting):
                self._waiting.append(peer)
            else:
                self._say(peer, NO_JOB)
        elif kind == PRE_SLEEP:
            if self._queue or self._on_the_way > len(self._waiting):
                self._say(peer, NOOP)
            else:
                self._asleep[peer] = None
        elif kind == WORK_COMPLETE:
            job = self._running.pop(body.partition(b"\0")[0])
            self._ask(b"HDEL", JOBS, job.handle)
            self._asked.append(None)
            if not job.background:
                self._say(job.submitter, WORK_COMPLETE, body)
        elif kind == ECHO_REQ:
            self._say(peer, ECHO_RES, body)

    def _store(self, peer: Peer, body: bytes, background: bool) -> None:
        self._number += 1
        handle = b"H:bare:%d" % self._number
        self._ask(b"HSET", JOBS, handle, body)
        self._asked.append(Job(handle, body, peer, background))
        self._on_the_way += 1
        if self._asleep:
            self._say(self._asleep.popitem()[0], NOOP)

    def _redis_answers(self) -> None:
        """Each answer is the number of fields, in a line."""
        answers = self._redis.recv(READ_BYTES)
        if not answers or b"-" in answers:
            sys.exit(f"Redis answered {answers!r}")
        for _ in range(answers.count(b"\n")):
            job = self._asked.popleft()
            if job is None:
                continue
            self._on_the_way -= 1
            self._say(job.submitter, JOB_CREATED, job.handle)
            if self._waiting:
                self._assign(self._waiting.popleft(), job)
            else:
                self._queue.append(job)

    def _assign(self, peer: Peer, job: Job) -> None:
        self._running[job.handle] = job
        self._say(peer, JOB_ASSIGN_UNIQ, job.handle + b"\0" + job.payload)

    def _ask(self, *words: bytes) -> None:
        self._commands.append(b"*%d\r\n" % len(words))
        self._commands += [b"$%d\r\n%b\r\n" % (len(word), word) for word in words]

    def _say(self, peer: Peer, kind: int, body: bytes = b"") -> None:
        peer.said.append(head(b"\0RES", kind, len(body)) + body)
        self._told.add(peer)

    def _tell(self) -> None:
        if self._commands:
            self._redis.sendall(b"".join(self._commands))
            self._commands.clear()
        for peer in self._told:
            with contextlib.suppress(OSError):  # it has hung up, and will be found to have
                peer.socket.sendall(b"".join(peer.said))
            peer.said.clear()
        self._told.clear()


if __name__ == "__main__":
    Bare(*map(int, sys.argv[1:])).run()

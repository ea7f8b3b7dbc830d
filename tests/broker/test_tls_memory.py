"""Peers in TLS that once said or heard much, and are idle now, cost no more memory than others."""

import os
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
import trio

from protocol import Connection, EchoReq, Role
from tests.broker.peers import PATIENCE_SECONDS
from tests.broker.running import OpenRunning
from tests.certified import certified

STATM = Path("/proc/self/statm")
PEERS = 60
PACKET_BYTES = 4_000_000
MOST_FOR_EACH = 600_000
"""Of both ends. OpenSSL keeps as much as it ever took at a time; a megabyte is read at once, a quarter of one sent."""

pytestmark = pytest.mark.skipif(not STATM.exists(), reason="does not tell how much memory it takes")


def resident_bytes() -> int:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def speak(stack: ExitStack, address: tuple[str, int]) -> None:
    """Say something long, hear as much, and stay. A TLS socket keeps no memory of that, as trio's streams do."""
    raw = socket.create_connection(address, PATIENCE_SECONDS)
    sock = stack.enter_context(certified().trusting.wrap_socket(raw, server_hostname="localhost"))
    said = Connection(Role.PEER).send(EchoReq(bytes(PACKET_BYTES)))
    sock.sendall(said)
    left = len(said)
    while left:
        left -= len(sock.recv(1_000_000)) or pytest.fail("the broker hung up")


async def test_what_idle_peers_once_sent_and_were_sent_takes_no_memory(
    open_one: OpenRunning, certificate: Path
) -> None:
    async with open_one(ssl=True, ssl_certificate=certificate) as one:
        with ExitStack() as stack:
            await trio.to_thread.run_sync(speak, stack, one.address)
            before = resident_bytes()
            for _ in range(PEERS):
                await trio.to_thread.run_sync(speak, stack, one.address)
            grown = resident_bytes() - before
    assert grown < PEERS * MOST_FOR_EACH

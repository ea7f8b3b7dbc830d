"""The system has no room to watch one more socket: that costs the connection, and an operator is told.

The table that is full then is one for all that a user runs, so no test fills it: its error is put in the system's
mouth.
"""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.switchboard import IS_AVAILABLE, Switchboard
from protocol import EchoReq, EchoRes
from tests.broker.peers import open_peer
from tests.broker.running import OpenRunning, Running

MORE_THAN_THE_SYSTEM_BUFFERS = 32 * 1024 * 1024


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def never_room(*_: object) -> None:
    no_room()


def told(caplog: pytest.LogCaptureFixture) -> Callable[[], bool]:
    return lambda: any(
        "no room for its connection" in record.getMessage() and record.levelno >= logging.WARNING
        for record in caplog.records
    )


@pytest.mark.skipif(not IS_AVAILABLE, reason="has no epoll")
async def test_who_cannot_be_watched_is_hung_up_on_and_others_are_not(
    one: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    served = await one.peer()
    assert await served.ask(EchoReq(b"before")) == EchoRes(b"before")
    with monkeypatch.context() as full:
        full.setattr(Switchboard, "connect", no_room)
        async with open_peer(one.address) as unlucky:
            assert await unlucky.is_hung_up_on() == []
    assert told(caplog)()
    assert await served.ask(EchoReq(b"after")) == EchoRes(b"after")
    assert await (await one.peer()).ask(EchoReq(b"later")) == EchoRes(b"later")


async def test_who_cannot_be_waited_for_in_its_handshake_is_hung_up_on(
    open_one: OpenRunning, certificate: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_one(ssl=True, ssl_certificate=certificate) as one:
        with monkeypatch.context() as full:
            full.setattr("broker.tls_transport.TlsTransport.shake_hands", never_room)
            async with open_peer(one.address) as unlucky:
                assert await unlucky.is_hung_up_on() == []
    assert told(caplog)()


async def test_whom_the_rest_of_an_answer_cannot_be_sent_does_not_wait_for_it_for_ever(
    one: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    peer = await one.peer()
    await peer.ask(EchoReq(b"before"))
    monkeypatch.setattr("broker.transport.SocketTransport.send_all", never_room)
    await peer.say_bytes(peer.encoded(EchoReq(b"x" * MORE_THAN_THE_SYSTEM_BUFFERS)))
    await one.until(told(caplog))
    assert len(await peer.bytes_to_the_end()) < MORE_THAN_THE_SYSTEM_BUFFERS

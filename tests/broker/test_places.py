"""A broker whose peers have all the descriptors that it may open, but those that it keeps back."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import trio

from protocol import EchoReq, EchoRes
from tests.broker.peers import open_peer
from tests.processes import BrokerProcess
from tests.servers import RedisServer

DESCRIPTORS: Final = 64


async def test_it_finds_its_way_back_to_redis_while_its_peers_stay(redis_server: RedisServer, tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path / "data", f"--redis={redis_server.url}", f"--file-descriptors={DESCRIPTORS}")
    with broker:
        async with AsyncExitStack() as stack:
            address = (broker.host, broker.port)
            first, *_, last = [await stack.enter_async_context(open_peer(address)) for _ in range(DESCRIPTORS)]
            assert await first.ask(EchoReq(b"")) == EchoRes(b"")
            await trio.to_thread.run_sync(redis_server.stop)
            with trio.move_on_after(1) as waited:  # what Redis's connections leave must not be taken by who waits
                await last.ask(EchoReq(b""))
            assert waited.cancelled_caught
            await trio.to_thread.run_sync(redis_server.start)
            await first.submit_background(b"f", b"payload")
        assert "there are as many connections as descriptors allow" in broker.output()

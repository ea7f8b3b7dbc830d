"""A worker whose server goes away, hangs, and comes back."""

from functools import partial

import trio

from client import open_client
from protocol import WorkComplete
from tests.gearman_servers import ask_in_text
from tests.processes import ServerProcess
from tests.raw_worker import raw_worker
from worker import Job, run_worker


async def test_it_comes_back_after_its_server_did_and_registers_again(own_server: ServerProcess, function: str) -> None:
    async def work(job: Job) -> bytes:
        return job.payload[::-1]

    async with trio.open_nursery() as nursery:
        await nursery.start(partial(run_worker, own_server.address, {function: work}, client_id="me"))
        for stop in (own_server.kill9, own_server.terminate):
            await trio.to_thread.run_sync(stop)
            await trio.to_thread.run_sync(own_server.start)
            async with open_client(own_server.address) as client:
                assert await client.call(function, b"ab") == b"ba"
            assert f" me : {function}\n" in await ask_in_text(own_server, "workers")
        nursery.cancel_scope.cancel()


async def test_a_job_whose_connection_is_lost_is_cancelled_and_its_result_is_not_sent(
    own_server: ServerProcess, function: str
) -> None:
    begun, cancelled = trio.Event(), trio.Event()

    async def work(job: Job) -> bytes:
        if cancelled.is_set():
            return b"second run"
        begun.set()
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(partial(run_worker, own_server.address, {function: work}))
        async with open_client(own_server.address) as client:
            await client.submit_background(function, b"")
            await begun.wait()
            await trio.to_thread.run_sync(own_server.kill9)
            await cancelled.wait()
            await trio.to_thread.run_sync(own_server.start)
            assert await client.call(function, b"another") == b"second run"
        nursery.cancel_scope.cancel()


async def test_a_worker_waits_for_a_server_that_is_not_there_yet(own_server: ServerProcess, function: str) -> None:
    await trio.to_thread.run_sync(own_server.terminate)

    async def work(job: Job) -> None:
        pass

    async with trio.open_nursery() as nursery:
        started = trio.Event()

        async def start() -> None:
            await nursery.start(partial(run_worker, own_server.address, {function: work}))
            started.set()

        nursery.start_soon(start)
        assert not started.is_set()
        await trio.to_thread.run_sync(own_server.start)
        await started.wait()
        assert f"{function}\t0\t0\t1\n" in await ask_in_text(own_server, "status")
        nursery.cancel_scope.cancel()


async def test_a_server_that_hangs_does_not_hold_up_the_end_of_the_worker(
    own_server: ServerProcess, function: str
) -> None:
    saying = trio.Event()

    async def work(job: Job) -> None:
        saying.set()
        while True:  # until the server's and our buffers are full
            await job.data(b"x" * 1_000_000)

    async with open_client(own_server.address) as client, trio.open_nursery() as nursery:
        await nursery.start(partial(run_worker, own_server.address, {function: work}))
        await client.submit_background(function, b"")
        await saying.wait()
        own_server.pause()
        nursery.cancel_scope.cancel()
    own_server.resume()
    async with raw_worker(own_server, function) as worker:
        job = await worker.take()
        await worker.say(WorkComplete(job.handle, b""))

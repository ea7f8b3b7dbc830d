"""Every library's client and worker when the server is killed and comes back, all at once: some take their time."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

import trio

from client import Client as TrioClient
from client import open_client as open_trio_client
from tests.interop.ends import Client, Worker, open_client, open_worker
from tests.interop.libraries import LIBRARIES, find
from tests.processes import BrokerProcess, ServerProcess

PATIENCE_SECONDS = 60.0


async def test_the_clients_of_all_libraries_go_on_after_a_kill_those_without_a_loop_after_one_failure(
    own_server: ServerProcess,
) -> None:
    async with open_all_clients(own_server) as clients:
        await queue_all(clients, "record")
        own_server.kill9()
        own_server.start()
        first = {name: await client.queue(f"record.{name}") for name, client in clients.items() if late(name)}
        assert {name for name, said in first.items() if said.startswith("error")} == first.keys()
        await queue_all(clients, "record")


async def test_the_workers_of_all_libraries_come_back_by_themselves_after_a_kill(own_server: ServerProcess) -> None:
    patient = isinstance(own_server, BrokerProcess)  # those that take long are waited for once
    names = [name for name in LIBRARIES if patient or not find(name).slow_to_return]
    async with open_workers(own_server, names) as workers:
        await assert_all_work(own_server, workers, b"before")
        own_server.kill9()
        own_server.start()
        await assert_all_work(own_server, workers, b"after")


async def test_the_jobs_of_all_libraries_are_kept_over_a_kill(broker: BrokerProcess) -> None:
    async with open_all_clients(broker) as clients:
        handles = await queue_all(clients, "record")
    broker.kill9()
    broker.start()
    async with open_workers(broker, LIBRARIES) as workers:
        ran = {name: await worker.wait_ran() for name, worker in workers.items()}
    assert {name: handle for name, (handle, _, _) in ran.items()} == handles
    assert {payload for _, _, payload in ran.values()} == {b"a\0b"}


def late(name: str) -> bool:
    """Whether a client of this library notices a restart by a failure alone."""
    return find(name).notices_late


@asynccontextmanager
async def open_all_clients(server: ServerProcess) -> AsyncIterator[dict[str, Client]]:
    """A client of each library."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(open_client(find(name), server)) for name in LIBRARIES}


@asynccontextmanager
async def open_workers(server: ServerProcess, names: Iterable[str]) -> AsyncIterator[dict[str, Worker]]:
    """A worker of each of these libraries, each with a function of its own."""
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(open_worker(find(name), server, f"record.{name}")) for name in names
        }


async def queue_all(clients: dict[str, Client], trade: str) -> dict[str, str]:
    """Each client queues a job, and tries again until it is accepted; their handles."""
    handles: dict[str, str] = {}

    async def queue(name: str, client: Client) -> None:
        while True:
            said = await client.queue(f"{trade}.{name}", b"a\0b")
            if not said.startswith("error"):
                handles[name] = said
                return
            await trio.sleep(0.02)  # as a program would that waits for its server

    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            for name, client in clients.items():
                nursery.start_soon(queue, name, client)
    return handles


async def assert_all_work(server: ServerProcess, workers: dict[str, Worker], payload: bytes) -> None:
    """Each worker runs a job of its own, to the end: what had ended at a kill, but was not heard of, runs again."""
    async with open_trio_client(server.address) as client, trio.open_nursery() as nursery:
        for name, worker in workers.items():
            handle = await client.submit_background(f"record.{name}", payload)
            nursery.start_soon(assert_ends, client, worker, handle, payload)


async def assert_ends(client: TrioClient, worker: Worker, handle: bytes, payload: bytes) -> None:
    """The next job that the worker runs is this one."""
    ran_handle, _, ran_payload = await worker.wait_ran()
    assert (ran_handle, ran_payload) == (handle.decode(), payload)
    with trio.fail_after(PATIENCE_SECONDS):
        while (await client.status(handle)).known:
            pass

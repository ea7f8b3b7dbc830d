"""The whole way of docs/migrating-from-gearmand.md, there and back, with PHP programs that notice nothing."""

from pathlib import Path

import pytest

from tests.importing.conftest import MakeGearmand
from tests.importing.draining import drain
from tests.importing.gearmands import NUL_PAYLOAD, background, redis_flags, sqlite_flags, submit_all
from tests.importing.importer import run_import
from tests.interop.conftest import gearman_tools, php
from tests.interop.ends import open_client, open_worker
from tests.interop.libraries import Library
from tests.processes import BrokerProcess, ServerProcess
from tests.programs import open_program, run_program
from tests.servers import RedisServer

__all__ = ["gearman_tools", "php"]


async def status_of(server: ServerProcess) -> list[str]:
    said = await run_program("gearadmin", "-h", server.host, "-p", str(server.port), "--status")
    return said.splitlines()


@pytest.mark.usefixtures("gearman_tools")
async def test_stop_import_start_and_the_same_php_worker_drains_the_queue(
    php: Library, make_gearmand: MakeGearmand, source: RedisServer, data_dir: Path
) -> None:
    gearmand = make_gearmand(*redis_flags(source))
    payloads = [NUL_PAYLOAD + b"%d" % number for number in range(5)]
    with gearmand:
        async with open_worker(php, gearmand, "step", "record") as worker, open_client(php, gearmand) as client:
            await worker.wait_started(await client.queue("step"))  # from here on it is busy, and what comes waits
            for number, payload in enumerate(payloads):  # the first gets a UUID from libgearman
                await client.queue("record", payload, unique=f"mail{number}" if number else "none")
            gearmand.terminate()
            to = ("--data-dir", str(data_dir))
            imported = await run_import("--from", source.url, *to, "--dry-run")
            assert imported.counts["would be imported"] == 6
            imported = await run_import("--from", source.url, *to)
            assert (imported.status, imported.counts["imported"]) == (0, 6)
            assert (imported.counts["record"], imported.counts["step"]) == (5, 1)
            with BrokerProcess(data_dir, port=gearmand.port) as broker:
                for _ in range(6):  # it ends the run that gearmand no longer hears of, and then runs the job again
                    await worker.step()
                ran = [await worker.wait_ran() for _ in payloads]
                assert sorted(payload for _, _, payload in ran) == sorted(payloads)
                assert {f"mail{number}" for number in range(1, 5)} < {unique for _, unique, _ in ran}
                while await status_of(broker) != ["record\t0\t0\t1", "step\t0\t0\t1", "."]:
                    pass


@pytest.mark.usefixtures("gearman_tools")
async def test_back_by_draining_and_the_same_php_worker_goes_on_at_gearmand(
    php: Library, make_gearmand: MakeGearmand, queue_file: Path, data_dir: Path
) -> None:
    broker = BrokerProcess(data_dir)
    gearmand = make_gearmand(*sqlite_flags(queue_file), port=broker.port)
    with broker:
        async with open_worker(php, broker, "record") as worker:
            async with open_client(php, broker) as client:
                await client.queue("record", NUL_PAYLOAD)
            assert (await worker.wait_ran())[2] == NUL_PAYLOAD
            while await status_of(broker) != ["record\t0\t0\t1", "."]:
                pass
            broker.terminate()
            with gearmand:
                async with open_client(php, gearmand) as client:
                    await client.queue("record", b"next")
                assert (await worker.wait_ran())[2] == b"next"


@pytest.mark.usefixtures("gearman_tools")
async def test_what_still_waits_is_carried_over_by_the_gearman_command(
    make_gearmand: MakeGearmand, queue_file: Path, data_dir: Path
) -> None:
    gearmand = make_gearmand(*sqlite_flags(queue_file))
    payloads = [NUL_PAYLOAD, b"two", b"three"]
    with BrokerProcess(data_dir) as broker, gearmand:
        jobs = [background(b"mail", b"u%d" % number, payload) for number, payload in enumerate(payloads)]
        await submit_all(broker, jobs)
        old, new = (["-h", server.host, "-p", str(server.port), "-f", "mail"] for server in (broker, gearmand))
        async with open_program("gearman", "-w", *old, "--", "gearman", "-b", *new) as bridge:
            while await status_of(broker) != ["mail\t0\t0\t1", "."]:
                pass
            await bridge.aclose()
        assert sorted(job.payload for job in await drain(gearmand, b"mail")) == sorted(payloads)

"""PHP's gearman extension, as the programs out there use it."""

from tests.interop.scripts import in_base64, open_script, run_script, submit
from tests.processes import BrokerProcess, ServerProcess

# serialize() of an object with one private and one protected property: NULs mark both
SERIALIZED = b'O:4:"Mail":2:{s:8:"\0Mail\0to";s:15:"ann@example.org";s:7:"\0*\0body";s:5:"Hello";}'


async def test_a_background_job_is_seen_waiting_then_running_with_growing_progress_then_unknown(
    php: str, server: ServerProcess
) -> None:
    async with open_script(php, "watch.php", server, "step", "3") as client:
        assert (await client.wait_line("handle")).endswith("code 0")
        await client.wait_line("status 1 0 0 0")
        async with open_script(php, "worker.php", server, "step") as worker:
            await worker.wait_line("started")
            for done in (1, 2, 3):
                await worker.say("step")
                await client.wait_line(f"status 1 1 {done} 3")
            await worker.say("finish")
            await client.wait_line("status 0 0 0 0")
        assert await client.wait() == 0


async def test_a_call_that_waits_hears_progress_data_warning_and_result(php: str, server: ServerProcess) -> None:
    async with open_script(php, "worker.php", server, "talk"):
        said = await run_script(php, "call.php", server, "talk", "Ann")
    result, *heard = said.splitlines()
    assert result == 'doNormal "Dear Ann" code 0'
    assert heard == ["status 1 2", "data Dear ", "warning no surname", "status 2 2", "complete Ann", "end"]


async def test_an_exception_reaches_the_client_with_its_text(php: str, server: ServerProcess) -> None:
    async with open_script(php, "worker.php", server, "raise"):
        said = await run_script(php, "call.php", server, "raise", "Ann")
    result, *heard = said.splitlines()
    assert result.endswith("code 23")  # GEARMAN_WORK_EXCEPTION
    assert heard == ["exception the mailbox is full", "end"]


async def test_two_submits_with_one_unique_get_one_handle_and_run_once(php: str, server: ServerProcess) -> None:
    first = await submit(php, server, "record", b"newsletter", "monday")
    again = await submit(php, server, "record", b"newsletter", "monday")
    other = await submit(php, server, "record", b"last", "tuesday")
    assert first == again != other
    async with open_script(php, "worker.php", server, "record") as worker:
        await worker.wait_line(f"ran {other} tuesday")
        assert worker.said.count(" monday ") == 1


async def test_a_payload_with_nuls_arrives_as_it_was_sent(php: str, server: ServerProcess) -> None:
    handle = await submit(php, server, "record", SERIALIZED, "mail-1")
    async with open_script(php, "worker.php", server, "record") as worker:
        ran = await worker.wait_line(f"ran {handle}")
    assert ran == f"ran {handle} mail-1 {in_base64(SERIALIZED)}"


async def test_a_job_accepted_before_a_kill_runs_after_it_under_the_same_handle(
    php: str, broker: BrokerProcess
) -> None:
    handle = await submit(php, broker, "record", SERIALIZED, "mail-1")
    broker.kill9()
    broker.start()
    assert await run_script(php, "status.php", broker, handle) == "status 1 0 0 0"
    async with open_script(php, "worker.php", broker, "record") as worker:
        ran = await worker.wait_line("ran")
        assert ran == f"ran {handle} mail-1 {in_base64(SERIALIZED)}"
        after = await submit(php, broker, "record", b"next", "mail-2")
        await worker.wait_line(f"ran {after}")  # it was grabbed behind the first job's result
    assert await run_script(php, "status.php", broker, handle) == "status 0 0 0 0"


async def test_a_waiting_worker_comes_back_by_itself_after_a_kill(php: str, broker: BrokerProcess) -> None:
    async with open_script(php, "worker.php", broker, "record") as worker:
        first = await submit(php, broker, "record", b"before")
        await worker.wait_line(f"ran {first}")
        broker.kill9()
        broker.start()
        second = await submit(php, broker, "record", b"after")
        assert second != first
        await worker.wait_line(f"ran {second}")

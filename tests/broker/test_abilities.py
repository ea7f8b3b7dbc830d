"""Which of a worker's functions is asked first, and what priority over all of them means."""

from protocol import CanDo, CantDo, GrabJob, NoJob, Priority, SubmitJob
from tests.broker.running import Running


async def test_a_worker_of_nothing_gets_nothing(one: Running) -> None:
    client, worker = await one.peer(), await one.peer()
    await client.submit_background(b"f")
    assert await worker.ask(GrabJob()) == NoJob()


async def test_the_function_that_was_registered_last_is_asked_first(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b", b"c")
    for function in (b"a", b"b", b"c"):
        await client.submit_background(function)
    assert [(await worker.grab()).function for _ in range(3)] == [b"c", b"b", b"a"]


async def test_functions_take_turns(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b")
    for function in (b"a", b"a", b"b", b"b"):
        await client.submit_background(function)
    assert [(await worker.grab()).function for _ in range(4)] == [b"b", b"a", b"b", b"a"]


async def test_a_better_priority_goes_first_whatever_its_function(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b")
    for function, priority in (
        (b"b", Priority.LOW),
        (b"a", Priority.LOW),
        (b"b", Priority.NORMAL),
        (b"a", Priority.HIGH),
    ):
        await client.submit_background(function, priority=priority)
    expected = [b"a", b"b", b"a", b"b"]
    assert [(await worker.grab()).function for _ in range(4)] == expected


async def test_registering_again_changes_nothing(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b", b"a")
    await client.submit_background(b"a")
    await client.submit_background(b"b")
    assert [(await worker.grab()).function for _ in range(2)] == [b"b", b"a"]


async def test_a_function_that_was_given_up_is_not_served(one: Running) -> None:
    client, worker = await one.peer(), await one.worker(b"a", b"b")
    await client.submit_background(b"b")
    await worker.say(CantDo(b"b"))
    assert await worker.finds_nothing()
    await worker.can_do(b"b")
    assert (await worker.grab()).function == b"b"


async def test_a_function_may_have_an_empty_name_and_a_long_one(one: Running) -> None:
    client, worker = await one.peer(), await one.peer()
    for name in (b"", b"n" * 8000, b"\xff\xfe \t"):
        await worker.say(CanDo(name))
        await client.ask(SubmitJob(name, b"", b"x", background=True))
        assert (await worker.take()).function == name

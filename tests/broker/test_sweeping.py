"""The slow sweep: it finds work that lies beside a sleeper, and none where somebody is on the way."""

import pytest

from broker.duties import wake_the_forgotten
from broker.line import ALL_BITS
from protocol import GrabJob, JobAssign, Noop
from tests.broker.running import OpenRunning, Running, standing_still, unasked
from tests.servers import RedisServer


@pytest.mark.parametrize("functions", [[b"f"], [b"g", b"f"]])
async def test_who_waits_for_what_a_claim_brings_is_on_the_way(
    open_one: OpenRunning, shared_server: RedisServer, functions: list[bytes]
) -> None:
    async with open_one() as one, open_one() as elsewhere:
        client, woken = await elsewhere.peer(), [await one.sleeper(*functions) for _ in functions]
        await one.sleeper(*functions)
        for function in functions:
            await client.submit_background(function, b"x")
        for worker in woken:
            assert await worker.hear() == Noop()
        with standing_still(shared_server):
            for worker in woken:
                await worker.say(GrabJob())
            await unasked(lambda: not one.broker.roster.woken)
            assert all(one.broker.line(function).bits for function in functions)
            assert wake_the_forgotten(one.broker, set(functions)) == set()
        for worker in woken:
            assert isinstance(await worker.hear(), JobAssign)
        assert not any(one.broker.line(function).claiming for function in functions)


async def test_work_that_everybody_slept_beside_is_found_and_told_of(
    one: Running, caplog: pytest.LogCaptureFixture
) -> None:
    worker = await one.sleeper(b"f")
    one.broker.line(b"f").bits = ALL_BITS
    beside = wake_the_forgotten(one.broker, set())
    assert beside == {b"f"}
    assert "beside" not in caplog.text  # it may only just have come
    wake_the_forgotten(one.broker, beside)
    one.broker.flusher.flush()
    assert await worker.hear() == Noop()
    assert "lay beside a sleeping worker" in caplog.text
    caplog.clear()

"""Waiting for Redis only while an attempt to connect may succeed."""

import traceback

import pytest
import trio
import trio.testing

from persistence.errors import StoreError, StoreUnavailableError
from persistence.options import RedisOptions
from persistence.reconnecting import Patience

REFUSED = StoreUnavailableError("cannot connect to Redis at cache:6379: Connection refused")
BROKEN = StoreUnavailableError("the connection to Redis broke")


@pytest.fixture
async def patience() -> Patience:
    """Of a pipe whose connection has just broken."""
    patience = Patience("store", RedisOptions())
    patience.connected()
    assert patience.verdict(BROKEN) is None
    return patience


async def test_a_break_alone_is_no_reason_to_give_up(patience: Patience) -> None:
    with patience.hoping():
        await trio.lowlevel.checkpoint()
    assert patience.in_vain is None


async def test_an_attempt_in_vain_ends_the_wait_with_its_reason(patience: Patience) -> None:
    reasons: list[StoreError] = []

    async def wait() -> None:
        try:
            with patience.hoping():
                await trio.sleep_forever()
        except StoreError as reason:
            reasons.append(reason)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        patience.verdict(REFUSED)
    assert reasons == [REFUSED]


async def test_behind_an_attempt_in_vain_nobody_begins_to_wait_until_there_is_a_connection(patience: Patience) -> None:
    patience.verdict(REFUSED)
    with pytest.raises(StoreUnavailableError), patience.hoping():
        pytest.fail("it began")
    patience.connected()
    with patience.hoping():
        await trio.lowlevel.checkpoint()


async def test_a_reason_that_many_are_told_does_not_grow(patience: Patience) -> None:
    patience.verdict(REFUSED)
    lengths = []
    for _ in range(3):
        with pytest.raises(StoreUnavailableError) as told, patience.hoping():
            pytest.fail("it began")
        lengths.append(len(traceback.extract_tb(told.value.__traceback__)))
    assert lengths[0] == lengths[2]


async def test_who_is_cancelled_by_others_stays_cancelled(patience: Patience) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        with patience.hoping():
            await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_who_had_the_answer_by_then_keeps_it(patience: Patience) -> None:
    with patience.hoping():
        patience.verdict(REFUSED)

"""How the orders to end follow each other: each can only make the end come sooner."""

from collections.abc import Callable

import pytest
import trio
import trio.testing

from broker.orders import Orders

STOP, GRACEFULLY = Orders.stop, Orders.stop_gracefully
FOR_EVER = 1e9

# What was ordered, with which grace time, and for how many seconds running jobs are then waited for.
WAITS: dict[str, tuple[float | None, list[Callable[[Orders], None]], float]] = {
    "the end of the block": (None, [], 0),
    "the end of the block, with a grace time": (5, [], 5),
    "stop": (None, [STOP], 0),
    "stop, with a grace time": (5, [STOP], 5),
    "stop, with a grace time of none": (0, [STOP], 0),
    "gracefully": (None, [GRACEFULLY], FOR_EVER),
    "gracefully, with a grace time": (5, [GRACEFULLY], 5),
    "gracefully, twice": (5, [GRACEFULLY, GRACEFULLY], 5),
    "gracefully, then stop": (None, [GRACEFULLY, STOP], 0),
    "stop twice, with a grace time": (5, [STOP, STOP], 0),
    "stop, then gracefully": (None, [STOP, GRACEFULLY], 0),
}


@pytest.mark.parametrize("case", WAITS)
async def test_running_jobs_are_waited_for_as_ordered(case: str, autojump_clock: trio.testing.MockClock) -> None:
    grace, given, seconds = WAITS[case]
    orders = Orders(grace)
    for give in given:
        give(orders)
    assert orders.stopping.is_set() == bool(given)
    began = trio.current_time()
    with orders.patience():
        await trio.sleep(FOR_EVER)
    assert trio.current_time() - began == pytest.approx(seconds)
    assert orders.is_leaving


async def test_a_stop_ends_a_wait_that_has_begun(autojump_clock: trio.testing.MockClock) -> None:
    orders = Orders()
    orders.stop_gracefully()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_stop_in, 3, orders)
        began = trio.current_time()
        with orders.patience():
            await trio.sleep(FOR_EVER)
        assert trio.current_time() - began == pytest.approx(3)


async def test_what_ended_in_time_is_not_waited_for_any_longer() -> None:
    orders = Orders()
    orders.stop_gracefully()
    assert not orders.is_leaving
    with orders.patience():
        await trio.lowlevel.checkpoint()
    assert orders.is_leaving


async def test_who_abandons_waits_for_nothing() -> None:
    orders = Orders()
    orders.abandon()
    assert orders.stopping.is_set()
    with orders.at_once:
        await trio.lowlevel.checkpoint()
    assert orders.at_once.cancelled_caught


async def _stop_in(seconds: float, orders: Orders) -> None:
    await trio.sleep(seconds)
    orders.stop()

"""A fault in the middle of load at two brokers on one Redis that forgets nothing it has answered."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import pytest
import trio

from tests.faults import strikes
from tests.faults.site import Site
from tests.faults.victims import Victim, victims
from tests.persistence.small_disk import small_disk
from tests.servers import AOF, PATIENCE_SECONDS, RedisServer

IMPATIENT: Final = MappingProxyType({"store_timeout": 0.5})
"""So that submits are refused, and tell why."""
MORTAL: Final = MappingProxyType({"presence_ttl": strikes.TTL_SECONDS})
LINES_A_BROKER: Final = 6
"""Of a refusal: that of each of its two pipes, what they met before it, that of submits, and that of all else."""
SOON_SILENT: Final = "?socket_timeout=0.5&socket_connect_timeout=0.5"


class Fault(NamedTuple):
    """What strikes, and at what."""

    strike: Callable[[Site[Victim]], Awaitable[None]]
    brokers: Mapping[str, object] = MappingProxyType({})
    """Fields of their settings."""
    server: tuple[str, ...] = AOF
    options: str = ""
    """Of the brokers' URL of Redis."""
    password: str | None = None
    loses_a_broker: bool = False
    """Or what it had; then what its workers ran may run again."""
    breaks: int = 0
    """How often connections to Redis break: what is just on its way to a worker may be overtaken then, and goes first
    as soon as it was given back."""
    disk_kilobytes: int = 0
    """Of a small disk for the server alone."""


FAULTS: Final = {
    "redis is killed": Fault(strikes.redis_is_killed, breaks=1),
    "redis stands still": Fault(strikes.redis_stands_still, {**IMPATIENT, **MORTAL}, breaks=1),
    "a broker is killed": Fault(strikes.a_broker_is_killed, loses_a_broker=True),
    "a broker stands still": Fault(strikes.a_broker_stands_still, MORTAL, loses_a_broker=True),
    "brokers are restarted": Fault(strikes.brokers_are_restarted, {"grace": PATIENCE_SECONDS}),
    "connections are cut": Fault(strikes.connections_are_cut, breaks=1),
    "replies are lost": Fault(strikes.replies_are_lost, breaks=1),
    "all is slow": Fault(strikes.all_is_slow),
    "nothing arrives": Fault(strikes.nothing_arrives, IMPATIENT, options=SOON_SILENT, breaks=1),
    "a broker is cut off": Fault(strikes.a_broker_is_cut_off, MORTAL, options=SOON_SILENT, loses_a_broker=True),
    "clients are killed": Fault(strikes.clients_are_killed, breaks=3),
    "OOM": Fault(strikes.memory_is_full),
    "READONLY": Fault(strikes.it_is_a_replica),
    "LOADING": Fault(strikes.it_loads_for_long, IMPATIENT, breaks=1),
    "NOAUTH": Fault(strikes.a_password_is_asked_for, IMPATIENT, breaks=1),
    "WRONGPASS": Fault(strikes.the_password_is_changed, IMPATIENT, password="first", breaks=1),
    "NOPERM": Fault(strikes.permissions_are_taken),
    "MISCONF": Fault(strikes.it_cannot_save, server=("--save", "3600 1000000")),
    "BUSY": Fault(strikes.a_script_runs_for_long, IMPATIENT, (*AOF, "--busy-reply-threshold", "50")),
    "its disk is full": Fault(
        strikes.its_disk_is_full, server=("--appendonly", "yes", "--appendfsync", "everysec"), disk_kilobytes=16_000
    ),
    "its disk is full and it ends": Fault(strikes.its_disk_is_full_and_it_ends, disk_kilobytes=16_000, breaks=1),
    "it is emptied": Fault(strikes.it_is_emptied, MORTAL, loses_a_broker=True),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_acknowledged_is_lost_changed_or_run_twice_without_a_reason(
    make_server: Callable[..., RedisServer], tmp_path: Path, name: str
) -> None:
    fault = FAULTS[name]
    with trio.fail_after(3 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            server = make_server(*fault.server, password=fault.password)
            if fault.disk_kilobytes:
                server.settings += ("--dir", str(stack.enter_context(small_disk(fault.disk_kilobytes))))
                stack.callback(server.kill)
            server.start()
            site = Site(server, stack.enter_context(victims()), tmp_path, fault.brokers, fault.options)
            await site.build(stack)
            await site.under_load(partial(fault.strike, site))
            await site.all_is_well(loses_a_broker=fault.loses_a_broker, turns=fault.loses_a_broker + 2 * fault.breaks)
            if name.isupper():
                is_told_once(site, name)


def is_told_once(site: Site[Victim], word: str) -> None:
    """The logs name it, and do not grow with what it costs: a few lines a broker."""
    lines = [line for broker in site.brokers for line in broker.log().splitlines() if word in line]
    assert 1 <= len(lines) <= LINES_A_BROKER * len(site.brokers), lines

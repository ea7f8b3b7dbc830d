"""One of two brokers is an hour ahead: nothing is early, nothing is late, and nobody is taken for lost."""

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import trio

from persistence.keys import Keys, digest_of
from protocol import JobCreated, SubmitJobEpoch, WorkComplete
from tests.broker.peers import open_peer
from tests.faults.site import PREFIX, Site
from tests.faults.strikes import TTL_SECONDS
from tests.faults.victims import Victim, victims
from tests.persistence.record import submitted_at
from tests.processes import BrokerProcess
from tests.programs import missing
from tests.servers import AOF, PATIENCE_SECONDS, RedisServer

LIBRARIES: Final = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
"""Of Debian's package libfaketime: says another time to the program into which it is loaded."""
LATER: Final = b"later"


class HourAhead(BrokerProcess):
    """A broker whose clock of the day is an hour ahead. That which only counts seconds is right: so it is with NTP."""

    def command(self) -> list[str]:
        """The words that start it."""
        if not LIBRARIES:
            missing("libfaketime is not installed; Debian's package libfaketime has it")
        library = f"LD_PRELOAD={LIBRARIES[0]}"
        return ["env", library, "FAKETIME=+1h", "FAKETIME_DONT_FAKE_MONOTONIC=1", *super().command()]


class Ahead:
    """That broker as one of a site."""

    def __init__(self, process: HourAhead) -> None:
        self.process = process

    async def address(self) -> tuple[str, int]:
        """Where it listens, once it does."""
        await trio.to_thread.run_sync(self.process.start)
        return self.process.host, self.process.port


async def _delayed_jobs_run_when_they_are_due(site: Site[Victim | Ahead]) -> None:
    """Handed in at either broker, run at the other."""
    async with AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(open_peer(("127.0.0.1", port))) for port in site.ports]
        due = int(time.time()) + 2
        for number, client in enumerate(peers):
            function = LATER + b"%d" % number
            await client.say(SubmitJobEpoch(function, b"", run_at=due, payload=b"x"))
            await client.expect(JobCreated)
        assert [_hours_ahead(site, LATER + b"%d" % number) for number in range(2)] == [1, 0]
        for number, worker in enumerate(reversed(peers)):
            await worker.can_do(LATER + b"%d" % number)
            job = await worker.take()
            assert site.redis.time()[0] >= due
            await worker.say(WorkComplete(job.handle, b""))
        assert time.time() < due + PATIENCE_SECONDS


def _hours_ahead(site: Site[Victim | Ahead], function: bytes) -> int:
    """By which the clock differed of the broker that stored the one job of this function."""
    keys = Keys(PREFIX.encode())
    (record,) = site.redis.hvals(keys.jobs(keys.tag(digest_of(function))))
    return round((submitted_at(record) - time.time()) / 3600)


async def test_a_broker_whose_clock_is_an_hour_ahead_is_like_any_other(
    make_server: Callable[..., RedisServer], tmp_path: Path
) -> None:
    server = make_server(*AOF)
    server.start()
    with trio.fail_after(3 * PATIENCE_SECONDS):
        async with AsyncExitStack() as stack:
            start_victim = stack.enter_context(victims())

            def start(redis: str, prefix: str, data_dir: Path, **fields: object) -> Victim | Ahead:
                if data_dir.name == "1":
                    return start_victim(redis, prefix, data_dir, **fields)
                flags = ("--redis", redis, "--redis-prefix", prefix, "--presence-ttl", str(TTL_SECONDS))
                ahead = HourAhead(data_dir, *flags)
                stack.callback(ahead.kill9)  # a clean stop would wait for a proxy that stands still meanwhile
                return Ahead(ahead)

            site: Site[Victim | Ahead] = Site(server, start, tmp_path, {"presence_ttl": TTL_SECONDS})
            await site.build(stack)
            before = site.presences()
            await site.under_load(partial(_delayed_jobs_run_when_they_are_due, site))
            await site.all_is_well(loses_a_broker=False, turns=0)
            assert site.presences() == before

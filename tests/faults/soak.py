"""Load on three brokers for as long as one likes, and a fault every few seconds: `make soak MINUTES=10`.

It prints the seed of its faults, each fault, and at the end the ledger. The status is 1 when an invariant was broken:
a job lost, changed, run too early or twice without a reason, a handle given out twice, a unique kept, a counter wrong,
a broker that does not come back, or a line in a log that tells of a defect.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import trio

from tests.faults.load import Load
from tests.faults.mischief import Mischief
from tests.faults.site import Site
from tests.faults.strikes import TTL_SECONDS
from tests.faults.victims import Victim, victims
from tests.servers import AOF, RedisServer, find_engine

BROKERS: Final = 3
THINK_SECONDS: Final = 0.02
"""Between two jobs of a client: so the load leaves half of two cores idle."""
DELAY_SECONDS: Final = 2
TURNS: Final = 2
"""How often at a fault a job may be overtaken that was on its way to a worker just then."""
PAUSE_SECONDS: Final = (0.5, 3.0)
"""Between two faults."""
FIELDS: Final = {"presence_ttl": TTL_SECONDS, "store_timeout": 5.0}
OPTIONS: Final = "?socket_timeout=1&socket_connect_timeout=1"
DEFECTS: Final = ("Traceback", "defect", "beside a sleeping worker")


class Soak:
    """One run: its site, and who makes mischief there."""

    def __init__(self, server: RedisServer, site: Site[Victim], chance: random.Random, minutes: float) -> None:
        self.server, self.site = server, site
        self.mischief = Mischief(site, chance)
        self._chance = chance
        self._began = time.monotonic()
        self._seconds = minutes * 60

    async def faults(self) -> None:
        """Until the time is over."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.mischief.watch)
            while self._elapsed() < self._seconds:
                await trio.sleep(self._chance.uniform(*PAUSE_SECONDS))
                since = self._elapsed()
                name = await self.mischief.strike()
                took = self._elapsed() - since
                print(f"{since:6.1f} s  {name}; {took:.1f} s until every broker took jobs again", flush=True)
                await self.site.load.goes_on()
            await trio.sleep(2 * TTL_SECONDS)  # by then it is known who was taken for lost
            nursery.cancel_scope.cancel()

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def no_log_tells_of_a_defect(self) -> None:
        """Of the brokers."""
        for broker in self.site.brokers:
            found = [line for line in broker.log().splitlines() if any(word in line for word in DEFECTS)]
            assert not found, found

    def report(self) -> None:
        """The ledger."""
        load, mischief = self.site.load, self.mischief
        ledgers = (load.ledger, load.calls, load.shared)
        again = sum(len(ledger.ran_again) for ledger in ledgers)
        rows = {
            "jobs handed in in the background and accepted": load.accepted,
            "uniques handed in at several brokers at a time": len(load.shared.wanted),
            "calls answered with their result": load.called,
            "calls that were told that they failed, their broker having been lost": load.failed_calls,
            "submits refused with an ERROR": load.refused.total(),
            "runs": sum(ledger.runs.total() for ledger in ledgers),
            "jobs that ran again, each in flight when something was lost": again,
            "brokers killed or taken for lost": mischief.lost,
            "jobs lost, changed, or run twice without a reason": 0,
            **{f"fault: {name}": times for name, times in sorted(mischief.struck.items())},
        }
        for row, number in rows.items():
            print(f"{number:9,}  {row}")


async def soak(minutes: float, seed: int, engine: str) -> None:
    """Raises AssertionError, perhaps in a group, when an invariant is broken."""
    server = RedisServer(find_engine(engine), *AOF)
    with tempfile.TemporaryDirectory(prefix="tg-soak-") as folder:
        async with AsyncExitStack() as stack:
            stack.callback(server.clean_up)
            server.start()
            load = Load(THINK_SECONDS, DELAY_SECONDS)
            start = stack.enter_context(victims())
            site = Site(server, start, Path(folder), FIELDS, OPTIONS, load=load, size=BROKERS)
            await site.build(stack)
            run = Soak(server, site, random.Random(seed), minutes)
            try:
                await site.under_load(run.faults)
                await site.all_is_well(loses_a_broker=run.mischief.lost > 0, turns=TURNS * run.mischief.struck.total())
                run.no_log_tells_of_a_defect()
            except BaseException:  # whatever ends the run, also who presses Ctrl-C wants to see the logs
                for broker in site.brokers:
                    print(broker.log()[-10_000:], file=sys.stderr)
                raise
            run.report()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="of the faults")
    parser.add_argument("--engine", choices=["redis", "valkey"], default="redis", help="(%(default)s)")
    given = parser.parse_args()
    again = f"make soak MINUTES={given.minutes:g} ARGS='--seed {given.seed} --engine {given.engine}'"
    print(f"the same faults again: {again}", flush=True)
    try:
        trio.run(soak, given.minutes, given.seed, given.engine)
    except Exception:  # noqa: BLE001 - whatever it is, it ends the run
        traceback.print_exc()
        print("AN INVARIANT WAS BROKEN", file=sys.stderr)
        return 1
    print("every invariant held")
    return 0


if __name__ == "__main__":
    sys.exit(main())

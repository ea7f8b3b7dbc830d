"""Strikes at every await of every way, every time that a task goes to wait there, and prints how often.

`python -m tests.awaits`, or with words of the names of ways. The status is 1 when something was lost or left.
"""

import gc
import logging
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Final

import trio

from tests.awaits.plan import EVERY_TIME, walk_all
from tests.awaits.ways import WAYS
from tests.servers import RedisServer, find_engine

ENGINES: Final = ("redis", "valkey")


def main(words: list[str]) -> int:
    """Walk; returns the status."""
    warnings.simplefilter("error", ResourceWarning)
    logging.getLogger().addHandler(logging.NullHandler())
    leaks: list[object] = []
    sys.unraisablehook = lambda what: leaks.append(what.exc_value)
    for engine in ENGINES:
        server = RedisServer(find_engine(engine))
        server.start()
        try:
            trio.run(_walk, server, words)
        finally:
            server.clean_up()
    gc.collect()
    for leak in leaks:
        print("left:", leak)
    return int(bool(leaks))


async def _walk(server: RedisServer, words: list[str]) -> None:
    for name, way in WAYS.items():
        if words and not any(word in name for word in words):
            continue
        for strike in way.strikes:
            with tempfile.TemporaryDirectory() as folder:
                tally = await walk_all(way, strike, server, Path(folder), most=EVERY_TIME)
            struck, missed = sum(tally.struck.values()), sum(tally.missed.values())
            print(
                f"{name}, struck: {strike.value}: {struck} times at {len(tally.struck)} awaits, {missed} not met again"
            )
            for where, times in tally.struck.items():
                print(f"    {times:4} {where}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

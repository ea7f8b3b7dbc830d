"""Strikes at every await of every way on every kind of store, every time that a task goes to wait there.

Prints where, and how often. `python -m tests.awaits`, or with words of the names of ways, kinds of stores and engines:
of each sort those are gone that have one of the words, or all, if no word is of that sort. The status is 1 when
something was lost or left.
"""

import gc
import logging
import sys
import tempfile
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import trio

from tests.awaits.plan import EVERY, walk_all
from tests.awaits.stores import KINDS, Stored, running
from tests.awaits.ways import WAYS
from tests.servers import find_engine

ENGINES: Final = ("redis", "valkey")


def main(words: list[str]) -> int:
    """Walk; returns the status."""
    warnings.simplefilter("error", ResourceWarning)
    logging.getLogger().addHandler(logging.NullHandler())
    leaks: list[object] = []
    sys.unraisablehook = lambda what: leaks.append(what.exc_value)
    for engine in chosen(ENGINES, words):
        for kind in chosen(KINDS, words):
            with running(find_engine(engine), KINDS[kind]) as store:
                print(f"{kind}, {engine}")
                trio.run(_walk, store, chosen(WAYS, words))
    gc.collect()
    for leak in leaks:
        print("left:", leak)
    return int(bool(leaks))


def chosen(names: Iterable[str], words: list[str]) -> list[str]:
    """Those that are one of the words; else those that have one; else all."""
    all_names = list(names)
    whole = [name for name in all_names if name in words]
    return whole or [name for name in all_names if any(word in name for word in words)] or all_names


async def _walk(store: Stored, ways: list[str]) -> None:
    for name in ways:
        for strike in WAYS[name].strikes:
            with tempfile.TemporaryDirectory() as folder:
                tally = await walk_all(WAYS[name], strike, store, Path(folder), times=EVERY)
            struck, missed = sum(tally.struck.values()), sum(tally.missed.values())
            print(f"  {name}, struck: {strike.value}: {struck} times at {len(tally.struck)} awaits, {missed} not met")
            for where, times in tally.struck.items():
                print(f"    {times:4} {where}")
            for where, times in tally.missed.items():
                print(f"    {times:4} not met: {where}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

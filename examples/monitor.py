"""Watches a server and says what is wrong: nobody works on a function, its queue is long, the server is gone.

usage: python -m examples.monitor [HOST:PORT] [--longest N] [--every SECONDS] [--once]

Prints a line when something begins to be wrong, and one when it is over. With --once it looks once, prints all that is
wrong, and ends with exit status 1 if anything is: so cron, Nagios and the like can use it.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from datetime import datetime

import trio

from client import ClientError, FunctionStatus, open_client
from peer import parse_address

DEADLINE_SECONDS = 10.0
SERVER_GONE = "the server does not answer"


def troubles(functions: Iterable[FunctionStatus], longest: int) -> Mapping[str, str]:
    """What is wrong, by what tells one trouble from another; the numbers may change while it is the same."""
    found = {}
    for function in functions:
        name = function.name.decode(errors="backslashreplace")
        if function.queued and not function.workers:
            found[f"{name}: no worker"] = f"{name}: {function.queued} queued, and no worker"
        elif function.queued > longest:
            found[f"{name}: long"] = f"{name}: {function.queued} queued, more than {longest}"
    return found


async def look(server: str, longest: int) -> Mapping[str, str]:
    """Asks once, on a connection of its own: a monitor that holds on to one might not see that no other can be made."""
    try:
        with trio.fail_after(DEADLINE_SECONDS):
            async with open_client(server) as client:
                return troubles(await client.admin.status(), longest)
    except (ClientError, trio.TooSlowError) as error:
        return {SERVER_GONE: str(error) or f"{server}: no answer in {DEADLINE_SECONDS:g} seconds"}


async def watch(server: str, longest: int, every: float) -> None:
    """Looks again and again, and prints what has changed."""
    before: Mapping[str, str] = {}
    while True:
        now = await look(server, longest)
        if SERVER_GONE in now:
            now = {**before, **now}  # whether the rest is over nobody knows
        for key in before.keys() - now.keys():
            tell(f"over: {before[key]}")
        for key in now.keys() - before.keys():
            tell(now[key])
        before = now
        await trio.sleep(every)


def tell(line: str) -> None:
    """Prints it, with the time."""
    print(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S} {line}", flush=True)


async def once(server: str, longest: int) -> int:
    """Prints all that is wrong; returns the exit status."""
    found = await look(server, longest)
    for line in found.values():
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Says what is wrong with a Gearman server.")
    parser.add_argument("server", nargs="?", default="127.0.0.1:4730", metavar="HOST:PORT")
    parser.add_argument("--longest", type=int, default=1000, help="a longer queue is wrong (default: %(default)s)")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks (default: %(default)s)")
    parser.add_argument("--once", action="store_true", help="look once; exit status 1 if anything is wrong")
    given = parser.parse_args()
    try:
        parse_address(given.server)
    except ValueError as error:
        parser.error(str(error))
    if given.once:
        sys.exit(trio.run(once, given.server, given.longest))
    try:
        trio.run(watch, given.server, given.longest, given.every, restrict_keyboard_interrupt_to_checkpoints=True)
    except* KeyboardInterrupt:
        pass  # it is ended so

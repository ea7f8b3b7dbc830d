"""Thumbnails, made by processes: drawing keeps a processor busy, and would hold up everything else in the worker.

usage: python -m examples.thumbnails PICTURE... [--to FOLDER] [--processes N] [--server HOST:PORT]

Without a server it brings its own. Needs Pillow: pip install -e '.[examples]'.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import trio
from PIL import Image

from client import Client, Function, JobFailedError, JobRaisedError, open_client
from examples.own_broker import given_or_own
from worker import Worker

LARGEST_SIDE = 128
THUMBNAIL = Function("thumbnail", payload=bytes, result=bytes)


def shrink(picture: bytes) -> bytes:
    """Runs in a process of its own; what it raises is told to whoever waits for the job."""
    with Image.open(io.BytesIO(picture)) as image:
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        small = io.BytesIO()
        image.convert("RGB").save(small, "JPEG", quality=80)
        return small.getvalue()


async def have_shrunk(client: Client, picture: Path, folder: Path) -> bool:
    """Has one picture shrunk, and writes what comes back; says so, or why not."""
    try:
        small = await client.call(THUMBNAIL, await trio.Path(picture).read_bytes())
    except JobRaisedError as error:
        print(f"{picture}: {error.summary}")
        return False
    except JobFailedError as error:
        print(f"{picture}: {error}")
        return False
    except OSError as error:
        print(f"{picture}: {error.strerror}")
        return False
    target = folder / f"{picture.stem}.jpg"
    await trio.Path(target).write_bytes(small)
    print(f"{target}: {len(small)} bytes")
    return True


async def main(pictures: Sequence[Path], folder: Path, processes: int, server: str | None) -> int:
    """Starts a worker, and sends it the pictures; returns the exit status."""
    worker = Worker(concurrency=processes, processes=processes)
    worker.register_in_process(THUMBNAIL, timeout=60)(shrink)
    at_once = trio.CapacityLimiter(2 * processes)  # one is drawn, one waits: more would only fill the memory
    done = 0

    async def one(picture: Path) -> None:
        nonlocal done
        async with at_once:
            made = await have_shrunk(client, picture, folder)
        done += made  # not in one line with the await: others count while it waits

    await trio.Path(folder).mkdir(parents=True, exist_ok=True)
    async with given_or_own(server) as address, open_client(address) as client, trio.open_nursery() as working:
        await working.start(worker.run, address)
        async with trio.open_nursery() as asking:
            for picture in pictures:
                asking.start_soon(one, picture)
        worker.drain()
    print(f"{done} of {len(pictures)} made")
    return 0 if done == len(pictures) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Makes small JPEG files of pictures.")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    parser.add_argument(
        "--to", type=Path, default=Path("thumbnails"), help="where to write them (default: %(default)s)"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each processor")
    parser.add_argument("--server", help="HOST:PORT of a Gearman server (default: a broker of its own)")
    given = parser.parse_args()
    sys.exit(trio.run(main, given.pictures, given.to, given.processes, given.server))

"""Map/reduce: the words of texts, counted by several worker processes at once.

usage: python -m examples.word_count FILE... [--workers N] [--server HOST:PORT]

Without a server it brings its own. One job, ``wordCount``, names the function that its pieces are to be sent on to
(its *reducer*); the worker that gets it cuts the text up, has the pieces counted, and adds up.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import trio
from pydantic import BaseModel

from client import Client, Function, open_client
from examples.own_broker import given_or_own
from worker import Job, Worker, run_worker

LINES_OF_A_PIECE = 200
PIECES_AT_ONCE = 32
WORD = re.compile(r"\w+")


class Words(BaseModel):
    """How often each word was met, and in how many pieces."""

    pieces: int
    counts: dict[str, int]


COUNT_WORDS = Function("countWords", payload=str, result=Words)
WORD_COUNT = Function("wordCount", payload=str, result=Words)


async def count_words(job: Job) -> bytes:
    """The reducer: counts one piece."""
    counts = Counter(WORD.findall(COUNT_WORDS.decode_payload(job.payload).lower()))
    return COUNT_WORDS.encode_result(Words(pieces=1, counts=counts))


class Mapper:
    """Cuts a text up, sends the pieces on, and adds up what comes back; a client of the servers it works for."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def word_count(self, job: Job, text: str) -> Words:
        """Does one job."""
        reducer = Function(job.reducer, payload=str, result=Words)
        pieces = list(cut(text))
        at_once = trio.CapacityLimiter(PIECES_AT_ONCE)
        total: Counter[str] = Counter()
        counted = 0

        async def count(piece: str) -> None:
            nonlocal counted
            async with at_once:
                words = await self._client.call(reducer, piece)
            total.update(words.counts)
            counted += words.pieces
            await job.progress(counted, len(pieces))

        async with trio.open_nursery() as nursery:
            for piece in pieces:
                nursery.start_soon(count, piece)
        return Words(pieces=counted, counts=total)


def cut(text: str) -> Iterator[str]:
    """Pieces of so many lines that counting one takes longer than sending it."""
    lines = text.splitlines()
    for first in range(0, len(lines), LINES_OF_A_PIECE):
        yield "\n".join(lines[first : first + LINES_OF_A_PIECE])


@asynccontextmanager
async def counting_processes(number: int, server: str) -> AsyncIterator[None]:
    """So many workers for the length of the block, each a process."""
    command = [sys.executable, "-m", "examples.word_count", "--count-for", server]
    async with trio.open_nursery() as nursery:
        for _ in range(number):
            nursery.start_soon(partial(trio.run_process, command))
        yield
        nursery.cancel_scope.cancel()  # TERM; what they run, if anything, goes back to the server


def read(files: Sequence[Path]) -> str:
    """The texts, one behind the other; the program ends with a line if one cannot be read."""
    texts = []
    for file in files:
        try:
            texts.append(file.read_text(errors="replace"))
        except OSError as error:
            sys.exit(f"{file}: {error.strerror}")
    return "\n".join(texts)


async def main(text: str, workers: int, server: str | None) -> None:
    """Counts, and prints the most frequent words."""
    async with given_or_own(server) as address, counting_processes(workers, address), open_client(address) as client:
        mapper = Worker()
        mapper.register(WORD_COUNT)(Mapper(client).word_count)
        async with trio.open_nursery() as nursery:
            await nursery.start(mapper.run, address)
            words = await client.call(WORD_COUNT, text, reducer=COUNT_WORDS.name)
            mapper.drain()
    total = Counter(words.counts)
    print(f"{total.total()} words in {words.pieces} pieces; most frequent are")
    for word, times in total.most_common(10):
        print(f"{times:8} {word}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Counts the words of files.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--workers", type=int, default=3, help="processes that count (default: %(default)s)")
    parser.add_argument("--server", help="HOST:PORT of a Gearman server (default: a broker of its own)")
    parser.add_argument("--count-for", metavar="SERVER", help=argparse.SUPPRESS)  # what our processes are told
    given = parser.parse_args()
    if given.count_for is not None:
        trio.run(run_worker, given.count_for, {COUNT_WORDS.name: count_words})
    elif not given.files:
        parser.error("name a file at least")
    else:
        trio.run(main, read(given.files), given.workers, given.server)

"""Fetches the pages of a site, each once, and never more than so many a second.

usage: python -m examples.crawler URL [--per-second N] [--notebook FILE] [--server HOST:PORT]

Each page is a background job, and each link found is another one. Without a server the crawler brings its own; with
one, what is left to fetch is kept there: end the crawler when you like, and start it again with the same notebook.
Needs httpx: pip install -e '.[examples]'.
"""

import argparse
import hashlib
import math
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
import trio

from client import Client, open_client
from examples.own_broker import given_or_own
from worker import Job, Worker

FUNCTION = "crawl"
PAGES_AT_ONCE = 8  # what one slow page may hold up is its own place
LOOK_SECONDS = 0.2


class RateLimit:
    """Hands out turns, at most so many a second; whoever asks waits for theirs, in order."""

    def __init__(self, per_second: float) -> None:
        self._pause = 1 / per_second
        self._next = -math.inf

    async def turn(self) -> None:
        """Returns when it is the caller's turn."""
        at = max(self._next, trio.current_time())
        self._next = at + self._pause  # before the wait: what lies between two awaits is nobody else's
        await trio.sleep_until(at)


class Notebook:
    """The pages that were fetched: a line for each, with what came of it."""

    def __init__(self, path: Path) -> None:
        path.touch()
        self._path = path
        self._fetched = {line.split("\t")[0] for line in path.read_text().splitlines()}

    def __contains__(self, url: str) -> bool:
        return url in self._fetched

    def note(self, url: str, outcome: str) -> None:
        """Writes a line."""
        with self._path.open("a") as file:
            file.write(f"{url}\t{outcome}\n")
        self._fetched.add(url)


class Links(HTMLParser):
    """The addresses that a page leads to, on the page's own site."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self._url = url
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Called for each tag."""
        target = dict(attributes).get("href")
        if tag == "a" and target:
            url = urldefrag(urljoin(self._url, target)).url
            if urlsplit(url)[:2] == urlsplit(self._url)[:2]:
                self.found.add(url)


class Crawler:
    """What a worker does with a page."""

    def __init__(self, client: Client, web: httpx.AsyncClient, limit: RateLimit, notebook: Notebook) -> None:
        self._client = client
        self._web = web
        self._limit = limit
        self._notebook = notebook

    async def crawl(self, job: Job) -> None:
        """Fetches a page, queues its links, and notes it: in this order, so that one cut short is done again whole."""
        url = job.payload.decode()
        if url in self._notebook:
            return
        await self._limit.turn()
        try:
            answer = await self._web.get(url)
        except httpx.HTTPError as error:
            outcome = f"{type(error).__name__}: {error}"
        else:
            outcome = str(answer.status_code)
            if answer.headers.get("content-type", "").startswith("text/html"):
                for link in Links(url, answer.text).found:
                    if link not in self._notebook:
                        await queue(self._client, link)
        self._notebook.note(url, outcome)
        print(f"{url} {outcome}", flush=True)


async def queue(client: Client, url: str) -> None:
    """Queues a page; while it is queued or fetched, its unique keeps it from being queued again."""
    await client.submit_background(FUNCTION, url, unique=hashlib.sha256(url.encode()).hexdigest()[:32])


async def until_none_is_left(client: Client) -> None:
    """A page's links are queued before its own job ends: with no job left there is nothing more to come."""
    while True:
        functions = {function.name: function for function in await client.admin.status()}
        if functions[FUNCTION.encode()].total == 0:
            return
        await trio.sleep(LOOK_SECONDS)


async def main(url: str, per_second: float, notebook: Path, server: str | None) -> None:
    """Crawls until no page is left."""
    worker = Worker(concurrency=PAGES_AT_ONCE)
    async with (
        given_or_own(server) as address,
        open_client(address) as client,
        httpx.AsyncClient(timeout=30, follow_redirects=True) as web,
        trio.open_nursery() as nursery,
    ):
        crawler = Crawler(client, web, RateLimit(per_second), Notebook(notebook))
        worker.register(FUNCTION, timeout=120)(crawler.crawl)
        await nursery.start(worker.run, address)
        await queue(client, url)
        await until_none_is_left(client)
        worker.drain()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fetches the pages of a site, each once.")
    parser.add_argument("url", metavar="URL")
    parser.add_argument("--per-second", type=float, default=1.0, help="pages (default: %(default)s)")
    parser.add_argument("--notebook", type=Path, default=Path("pages.tsv"), help="default: %(default)s")
    parser.add_argument("--server", help="HOST:PORT of a Gearman server (default: a broker of its own)")
    given = parser.parse_args()
    if urlsplit(given.url).scheme not in ("http", "https"):
        parser.error(f"{given.url!r} is no URL of a site; give one such as http://example.org/")
    try:
        trio.run(
            main,
            given.url,
            given.per_second,
            given.notebook,
            given.server,
            restrict_keyboard_interrupt_to_checkpoints=True,
        )
    except* KeyboardInterrupt:
        pass  # it is ended so

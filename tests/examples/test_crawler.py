"""The crawler: every page once, links of other sites left alone, and not more pages a second than it was told."""

import sys
from pathlib import Path

import trio
import trio.testing

from examples.crawler import RateLimit
from tests.examples.website import website
from tests.processes import BrokerProcess
from tests.programs import run_program

PAGES = {
    "/": '<a href="/a">a</a> <a href="b#middle">b</a> <a href="http://elsewhere.invalid/">elsewhere</a>',
    "/a": '<a href="/">home</a> <a href="/b">b</a> <a href="/missing">missing</a>',
    "/b": '<a href="/a">a</a> <a href="/c?d=1">c</a>',
    "/c?d=1": "the end",
}


async def test_its_turns_come_at_the_rate_it_was_told_however_many_ask(autojump_clock: trio.testing.MockClock) -> None:
    limit = RateLimit(per_second=4)
    turns = []

    async def take_turns(number: int) -> None:
        for _ in range(number):
            await limit.turn()
            turns.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turns, 3)
        nursery.start_soon(take_turns, 1)
    await trio.sleep(60)  # a pause saves nothing up
    await take_turns(2)
    assert turns == [0, 0.25, 0.5, 0.75, 60.75, 61.0]


async def test_it_fetches_each_page_of_the_site_once(broker: BrokerProcess, tmp_path: Path) -> None:
    notebook = tmp_path / "pages.tsv"
    with website(PAGES) as site:
        arguments = ("--per-second", "50", "--notebook", notebook, "--server", broker.address)
        crawl = (sys.executable, "-m", "examples.crawler", f"{site.url}/", *arguments)
        await run_program(*crawl)
        assert sorted(site.asked) == sorted([*PAGES, "/missing"])
        noted = {line.split("\t")[0].removeprefix(site.url): line.split("\t")[1] for line in lines(notebook)}
        assert noted == dict.fromkeys(PAGES, "200") | {"/missing": "404"}

        await run_program(*crawl)  # all is in the notebook
        assert len(site.asked) == len(noted)


def lines(notebook: Path) -> list[str]:
    """What it has noted."""
    return notebook.read_text().splitlines()

"""The blocks of the pages, run as they stand."""

import pytest

from tests.docstrings.pages import BLOCKS
from tests.docstrings.running import run_example
from tests.processes import ServerProcess


@pytest.mark.parametrize("name", BLOCKS)
async def test_what_the_page_shows_runs(server: ServerProcess, name: str) -> None:
    await run_example(BLOCKS[name], server, blocking="client.blocking" in BLOCKS[name])

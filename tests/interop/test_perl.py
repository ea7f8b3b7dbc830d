"""What Perl's workers do in their own way."""

import pytest

from tests.interop.ends import open_client, open_worker
from tests.interop.libraries import find
from tests.processes import BrokerProcess, ServerProcess

LAST_WORDS = "the mailbox is full"
"""A worker that dies sends them in the form of Perl's Storable, which has some bytes before and a newline behind."""


async def test_a_worker_that_dies_in_a_job_tells_what_of(server: ServerProcess) -> None:
    perl = find("perl")
    async with open_worker(perl, server, "die.perl"), open_client(perl, server) as client:
        assert_raised(await client.call("die.perl"))


async def test_a_worker_that_dies_in_a_job_lives_on(broker: BrokerProcess) -> None:
    # It sends WORK_FAIL behind its WORK_EXCEPTION. gearmand answers that with an ERROR, and of an ERROR it dies.
    perl = find("perl")
    async with open_worker(perl, broker, "die.perl", "talk.perl"), open_client(perl, broker) as client:
        for _ in range(2):
            assert_raised(await client.call("die.perl"))
        assert (await client.call("talk.perl", b"Ann"))[-1] == "complete Ann"


@pytest.mark.parametrize("caller", ["perl", "php", "c", "gear", "pygearman", "node-gearman"])
async def test_an_empty_result_ends_the_job(broker: BrokerProcess, caller: str) -> None:
    # A result that Perl takes for false is sent without the NUL before it. gearmand then waits, and so does the client.
    async with open_worker(find("perl"), broker, "hush.perl"), open_client(find(caller), broker) as client:
        for _ in range(2):
            assert await client.call("hush.perl") == ["complete "]


def assert_raised(heard: list[str]) -> None:
    """The call has heard of an exception with the worker's last words, and of nothing else."""
    (said,) = heard
    assert said.startswith("exception ")
    assert said.endswith(f"{LAST_WORDS}\n")

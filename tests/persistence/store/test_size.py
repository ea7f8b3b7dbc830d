"""What a queued job weighs in Redis.

The figures are printed by

python -m pytest tests/persistence/store/test_size.py -o log_cli=true -o log_cli_level=INFO
"""

import logging
import uuid
from typing import Any

import pytest

from tests.persistence.pipes import until
from tests.persistence.store.standin import Standin
from tests.servers import RedisServer

log = logging.getLogger(__name__)

JOBS = 20_000
PAYLOAD = bytes(200)
UNIQUE_BYTES = 36
BUDGET_BYTES = len(PAYLOAD) + UNIQUE_BYTES + 250

WEIGHED = {
    "that nobody waits for": (True, BUDGET_BYTES),
    "that somebody waits for": (False, BUDGET_BYTES + 200),  # it is also noted who
}


@pytest.mark.parametrize(("background", "budget"), WEIGHED.values(), ids=WEIGHED.keys())
async def test_a_queued_job_stays_within_its_budget(
    broker: Standin, redis_server: RedisServer, background: bool, budget: int
) -> None:
    client: Any = redis_server.client()
    await broker.submit()
    before = client.info("memory")["used_memory_dataset"]
    submits = [
        broker.submit_soon(PAYLOAD, unique=str(uuid.uuid4()).encode(), background=background) for _ in range(JOBS)
    ]
    await until(lambda: all(submits))
    weight = (client.info("memory")["used_memory_dataset"] - before) / JOBS
    version = client.info("server")
    engine = (
        f"Valkey {version['valkey_version']}" if "valkey_version" in version else f"Redis {version['redis_version']}"
    )
    log.info("%s: a job %s takes %.0f bytes", engine, "queued" if background else "waited for", weight)
    assert weight <= budget


@pytest.mark.parametrize("together", [False, True])
async def test_many_uniques_are_no_list_that_each_look_goes_through(
    broker: Standin, redis_server: RedisServer, together: bool
) -> None:
    uniques = [b"%d" % number for number in range(100)]
    if together:
        submits = [broker.submit_soon(unique=unique) for unique in uniques]
        await until(lambda: all(submits))
    else:
        for unique in uniques:
            await broker.submit(unique=unique)
    key = broker.store.link.keys.uniques(broker.function().tag)
    assert redis_server.client().object("ENCODING", key) == b"hashtable"
    assert sorted(redis_server.client().hkeys(key)) == sorted(uniques)

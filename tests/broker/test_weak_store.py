"""A Redis that may lose what it has confirmed: told at start, or not used at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from broker.settings import Settings
from persistence import StoreForgetsError
from tests.broker.running import open_running
from tests.servers import AOF, RedisServer

MakeServer = Callable[..., RedisServer]
NO_AOF = "it has no append-only file, so its end loses jobs: set appendonly yes"
EVICTS = "it evicts keys when its memory is full (allkeys-lru): set maxmemory-policy noeviction"
EVICTING = ("--maxmemory-policy", "allkeys-lru")
WEAK = {
    "no append-only file": ((), [NO_AOF]),
    "evicts": ((*AOF, *EVICTING), [EVICTS]),
    "both": (EVICTING, [NO_AOF, EVICTS]),
    "as it should be": (AOF, []),
}


def weaknesses_told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [text for record in caplog.records if "may lose jobs" in (text := record.getMessage())]


@pytest.mark.parametrize(("server_flags", "clauses"), WEAK.values(), ids=WEAK)
async def test_what_a_store_may_lose_is_a_warning_at_start(
    make_server: MakeServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    server_flags: tuple[str, ...],
    clauses: list[str],
) -> None:
    server = make_server(*server_flags)
    server.start()
    async with open_running(Settings(port=0, redis=server.url, data_dir=tmp_path)):
        pass
    expected = [f"Redis at 127.0.0.1:{server.port} may lose jobs: {clause}" for clause in clauses]
    assert weaknesses_told(caplog) == expected


async def test_a_strict_broker_does_not_start_on_it(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server()
    server.start()
    settings = Settings(port=0, redis=server.url, data_dir=tmp_path, strict_store=True)
    with pytest.raises(StoreForgetsError, match="set appendonly yes"):
        async with open_running(settings):
            pass


async def test_a_strict_broker_starts_on_one_that_forgets_nothing(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(*AOF)
    server.start()
    async with open_running(Settings(port=0, redis=server.url, data_dir=tmp_path, strict_store=True)):
        pass


async def test_a_user_who_may_not_ask_is_told_so(
    make_server: MakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(*AOF)
    server.start()
    server.client().execute_command("ACL", "SETUSER", "default", "-info")
    async with open_running(Settings(port=0, redis=server.url, data_dir=tmp_path)):
        pass
    (told,) = weaknesses_told(caplog)
    assert told.endswith("allow this user the command INFO")

"""--durability fsync: a server that does not sync before it answers is not used, neither at the start nor later."""

from pathlib import Path
from typing import Any

import pytest
import trio

from broker.settings import Settings
from persistence import StoreForgetsError
from protocol import Error, JobCreated, SubmitJob
from tests.broker.peers import PATIENCE_SECONDS
from tests.broker.running import open_running
from tests.broker.test_main_errors import broker
from tests.persistence.log_ear import hearing
from tests.servers import AOF, MakeServer, RedisServer

DEMAND = "--durability fsync wants every job on its disk before it is accepted"
RIGHT = "appendonly yes, appendfsync always, no-appendfsync-on-rewrite no"
EVERYSEC = ("--appendonly", "yes", "--appendfsync", "everysec")
NOT_WHILE_REWRITING = (*AOF, "--no-appendfsync-on-rewrite", "yes")

WRONG = {
    "no file": ((), "appendonly no, appendfsync everysec"),
    "every second": (EVERYSEC, "appendfsync everysec"),
    "not while rewriting": (NOT_WHILE_REWRITING, "no-appendfsync-on-rewrite yes"),
}


def fsync(server: RedisServer, tmp_path: Path, **fields: Any) -> Settings:
    return Settings(port=0, redis=server.url, data_dir=tmp_path, durability="fsync", **fields)


async def refused(settings: Settings) -> str:
    with pytest.raises(StoreForgetsError) as caught:
        async with open_running(settings):
            pytest.fail("it works")
    return str(caught.value)


def forbid_config(server: RedisServer) -> None:
    server.client().execute_command("ACL", "SETUSER", "default", "-config")


@pytest.mark.parametrize(("server_flags", "found"), WRONG.values(), ids=WRONG.keys())
async def test_a_server_that_does_not_sync_is_refused_at_start(
    make_server: MakeServer, tmp_path: Path, server_flags: tuple[str, ...], found: str
) -> None:
    server = make_server(*server_flags)
    server.start()
    assert await refused(fsync(server, tmp_path)) == (
        f"{DEMAND}, and Redis at 127.0.0.1:{server.port} runs with {found}: "
        f"set {RIGHT} there, or choose another --durability"
    )


def test_the_command_ends_with_that_line(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server()
    server.start()
    ended = broker("--durability=fsync", f"--redis={server.url}", "--port=0", f"--data-dir={tmp_path}")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"trio-gearman: {DEMAND}, and Redis at 127.0.0.1:{server.port} runs with appendonly no")


async def test_one_that_syncs_is_used(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(*AOF)
    server.start()
    async with open_running(fsync(server, tmp_path)) as one:
        assert await (await one.peer()).submit_background(b"f", b"x")


async def test_the_brokers_own_store_is_looked_at_as_well(tmp_path: Path) -> None:
    async with open_running(Settings(port=0, data_dir=tmp_path / "s", durability="fsync")) as one:
        assert await (await one.peer()).submit_background(b"f", b"x")


async def test_where_nobody_may_look_the_operator_is_asked_to_vouch(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server(*AOF)
    server.start()
    forbid_config(server)
    line = await refused(fsync(server, tmp_path))
    assert line.startswith(f"{DEMAND}, and Redis at 127.0.0.1:{server.port} does not show its settings (NOPERM ")
    assert line.endswith(f": let this user have CONFIG|GET, or vouch for {RIGHT} by --vouch-fsync")
    assert "\n" not in line
    async with open_running(fsync(server, tmp_path, vouch_fsync=True)) as one:
        assert await (await one.peer()).submit_background(b"f", b"x")


async def test_who_vouches_is_not_believed_against_what_can_be_seen(make_server: MakeServer, tmp_path: Path) -> None:
    server = make_server()
    server.start()
    assert "runs with appendonly no" in await refused(fsync(server, tmp_path, vouch_fsync=True))
    forbid_config(server)
    assert await refused(fsync(server, tmp_path, vouch_fsync=True)) == (
        f"{DEMAND}, and Redis at 127.0.0.1:{server.port} has no append-only file, whatever --vouch-fsync says: "
        f"set {RIGHT} there, or choose another --durability"
    )


async def test_one_that_comes_back_without_is_not_used_until_it_is_put_right(
    make_server: MakeServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_server(*AOF)
    server.start()
    settings = fsync(server, tmp_path, store_timeout=0.4)
    with hearing("persistence.outage") as ear:
        async with open_running(settings) as one:
            client = await one.peer()
            assert await client.submit_background(b"f", b"x")
            # As if another server, or one with another configuration, stood behind the address from now on.
            server.client().config_set("appendfsync", "everysec")
            server.client().client_kill_filter(_type="normal", skipme=True)
            await ear.line("runs with appendfsync everysec")
            assert isinstance(await client.ask(SubmitJob(b"f", b"", b"y", background=True)), Error)
            server.client().config_set("appendfsync", "always")
            with trio.fail_after(PATIENCE_SECONDS):
                await one.broker.store.pipe.wait_connected()
            assert isinstance(await client.ask(SubmitJob(b"f", b"", b"z", background=True)), JobCreated)
    told = [text for record in caplog.records if (text := record.getMessage()).startswith("Redis is")]
    assert len(told) == 1
    assert DEMAND in told[0]

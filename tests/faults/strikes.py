"""The faults that strike a site under load. Each returns when it is over; what must heal by itself has then to heal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import redis
import trio

from protocol import GetStatus, StatusRes, WorkFail
from tests.broker.peers import Peer, open_peer
from tests.faults.proxy import Proxy
from tests.faults.site import Site
from tests.faults.victims import Victim
from tests.persistence.pipes import until
from tests.persistence.small_disk import fill
from tests.ports import private_port

TTL_SECONDS: Final = 2.0
"""The presence TTL of the brokers, in tests that let it pass."""
in_thread = trio.to_thread.run_sync


# --- processes ---------------------------------------------------------------------------------------------


async def redis_is_killed(site: Site[Victim]) -> None:
    """And starts again."""
    await in_thread(site.server.kill)
    await in_thread(site.server.start)


async def redis_stands_still(site: Site[Victim]) -> None:
    """For longer than a presence lasts; nobody is taken for lost."""
    before = site.presences()
    await in_thread(site.server.pause)
    await site.load.is_refused(b"did not answer in time")
    await trio.sleep(TTL_SECONDS)  # what is tested: that it makes nobody look dead
    await in_thread(site.server.resume)
    await site.load.goes_on()
    assert site.presences() == before


async def a_broker_is_killed(site: Site[Victim], number: int = 0) -> None:
    """And the next one of its identity starts, elsewhere."""
    site.note_in_flight()
    await in_thread(site.brokers[number].kill)
    site.note_in_flight()
    await _start_again(site, number)


async def _start_again(site: Site[Victim], number: int) -> None:
    site.brokers[number] = site.broker(number)
    site.ports[number] = (await site.brokers[number].address())[1]


async def a_broker_stands_still(site: Site[Victim]) -> None:
    """Until it is taken for lost; then it goes on, as another."""
    before, lost = site.presences(), site.incarnation(0)
    site.note_in_flight()
    await in_thread(site.brokers[0].pause)
    site.note_in_flight()
    await is_taken_for_lost(site, lost)
    await in_thread(site.brokers[0].resume)
    await site.load.goes_on()
    await until(lambda: len(site.presences()) == len(before))
    assert len(site.presences() - before) == 1
    assert "was taken for lost" in site.brokers[0].log() or "no longer knows this broker" in site.brokers[0].log()


async def is_taken_for_lost(site: Site[Victim], lost: bytes) -> None:
    """Wait until this broker is; what it said last may still be on its way to Redis, and bring it jobs."""
    while lost in site.presences():
        site.may_run_again |= site.running(lost)
        await site.load.pause()


async def brokers_are_restarted(site: Site[Victim]) -> None:
    """One after the other."""
    for number in range(site.size):
        await a_broker_is_restarted(site, number)


async def a_broker_is_restarted(site: Site[Victim], number: int) -> None:
    """By TERM; who connects in between comes to another."""
    site.ports[number] = site.ports[number - 1]
    await in_thread(site.brokers[number].stop)
    await _start_again(site, number)


# --- connections -------------------------------------------------------------------------------------------


async def connections_are_cut(site: Site[Victim]) -> None:
    """Of both brokers."""
    for proxy in site.proxies:
        proxy.cut()


async def replies_are_lost(site: Site[Victim]) -> None:
    """Redis does what it is asked, and nobody hears of it."""
    for proxy in site.proxies:
        proxy.drop_replies = True
    await until(lambda: all(proxy.swallowed for proxy in site.proxies))
    heal(site.proxies)


async def all_is_slow(site: Site[Victim]) -> None:
    """Every piece takes a while, either way."""
    for proxy in site.proxies:
        proxy.delay_seconds = 0.05
    await site.load.goes_on(10)
    for proxy in site.proxies:
        proxy.heal()


async def nothing_arrives(site: Site[Victim]) -> None:
    """Connections stand, new ones too, and all that is said is lost, either way."""
    black_hole(site.proxies)
    await site.load.is_refused(b"")
    heal(site.proxies)


async def a_broker_is_cut_off(site: Site[Victim]) -> None:
    """Until it is taken for lost: what it then says is not obeyed, until it goes on as another."""
    lost = site.incarnation(0)
    site.note_in_flight()
    black_hole(site.proxies[:1])
    await is_taken_for_lost(site, lost)
    site.note_in_flight()
    heal(site.proxies[:1])


def black_hole(proxies: list[Proxy]) -> None:
    """All that is said from here on is lost."""
    for proxy in proxies:
        proxy.drop_replies = proxy.drop_requests = True


def heal(proxies: list[Proxy]) -> None:
    """No connection goes on that has lost something in its middle: TCP has no such thing."""
    for proxy in proxies:
        proxy.cut()
        proxy.heal()


async def clients_are_killed(site: Site[Victim]) -> None:
    """By CLIENT KILL, again and again."""
    for _ in range(3):
        hang_up_on_all(site)
        await site.load.goes_on(10)


def hang_up_on_all(site: Site[Victim]) -> None:
    """Every connection to Redis ends, but ours."""
    for kind in ("normal", "pubsub"):
        site.redis.execute_command("CLIENT", "KILL", "TYPE", kind)


# --- refusals ----------------------------------------------------------------------------------------------


async def memory_is_full(site: Site[Victim]) -> None:
    """No more is taken; what is there is run to the last job."""
    site.redis.config_set("maxmemory", 1)
    await site.load.is_refused(b"OOM")
    await site.drained()
    site.redis.config_set("maxmemory", 0)


async def it_is_a_replica(site: Site[Victim]) -> None:
    """Of a primary that is not there."""
    site.redis.execute_command("REPLICAOF", "127.0.0.1", private_port())
    await site.load.is_refused(b"READONLY")
    site.redis.execute_command("REPLICAOF", "NO", "ONE")


async def it_loads_for_long(site: Site[Victim]) -> None:
    """It was killed, and takes its time to read what it had written."""
    settings = site.server.settings
    site.server.settings = (*settings, "--key-load-delay", "100")  # microseconds a command; it looks up every 1024
    site.redis.eval("for n = 1, 30000 do redis.call('SET', 'much', n) end", 0)
    await in_thread(site.server.kill)
    await in_thread(partial(site.server.start, until="Server initialized"))
    await site.load.is_refused(b"LOADING")
    site.redis.config_set("key-load-delay", 0)
    site.server.settings = settings


async def a_password_is_asked_for(site: Site[Victim]) -> None:
    """That nobody has told the brokers."""
    site.redis.config_set("requirepass", "secret")
    hang_up_on_all(site)
    await site.load.is_refused(b"NOAUTH")
    site.redis.config_set("requirepass", "")


async def the_password_is_changed(site: Site[Victim]) -> None:
    """And back, when it was seen that the brokers have the old one."""
    site.redis.config_set("requirepass", "another")
    hang_up_on_all(site)
    await site.load.is_refused(b"WRONGPASS")
    site.redis.config_set("requirepass", site.server.password)


async def permissions_are_taken(site: Site[Victim]) -> None:
    """Of the brokers' user, for all keys; its connections stand."""
    site.redis.execute_command("ACL", "SETUSER", "default", "resetkeys")
    await site.load.is_refused(b"NOPERM")
    site.redis.execute_command("ACL", "SETUSER", "default", "allkeys")


async def it_cannot_save(site: Site[Victim]) -> None:
    """A background save fails, for there is something where its file belongs."""
    obstacle = site.server.folder / "dump.rdb"
    obstacle.mkdir()
    await _saves(site, b"err")
    await site.load.is_refused(b"MISCONF")
    obstacle.rmdir()
    await _saves(site, b"ok")


async def _saves(site: Site[Victim], outcome: bytes) -> None:
    site.redis.bgsave()
    while site.redis.info("persistence")["rdb_last_bgsave_status"].encode() != outcome:
        await site.load.pause()


async def a_script_runs_for_long(site: Site[Victim]) -> None:
    """Of somebody else, until it is killed."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(in_thread, _script_without_end, site)
        await site.load.is_refused(b"BUSY")
        site.redis.script_kill()


def _script_without_end(site: Site[Victim]) -> None:
    with pytest.raises(redis.ResponseError, match="killed"):
        site.redis.eval("while true do end", 0)


async def its_disk_is_full(site: Site[Victim]) -> None:
    """It goes on without writing, and heals when there is room."""
    filler = fill(_disk(site))
    await site.load.is_refused(b"MISCONF")
    filler.unlink()


async def its_disk_is_full_and_it_ends(site: Site[Victim]) -> None:
    """As it does with `appendfsync always`; somebody makes room, and starts it again."""
    filler = fill(_disk(site))
    await in_thread(site.server.wait)
    filler.unlink()
    await in_thread(site.server.start)


def _disk(site: Site[Victim]) -> Path:
    return Path(site.server.settings[site.server.settings.index("--dir") + 1])


async def it_is_emptied(site: Site[Victim]) -> None:
    """By FLUSHALL. Old handles answer unknown, who waits is told that it failed, and all goes on."""
    async with _two_that_wait(site) as (waiting, handles):
        old = list(site.load.ledger.acknowledged.items())[-20:]
        site.redis.flushall()
        site.note_in_flight()
        site.load.ledger.excused |= site.load.submitted
        for peer, handle in zip(waiting, handles, strict=True):
            assert await peer.hear() == WorkFail(handle)
        await site.load.goes_on()
        for peer in waiting:
            for _, handle in old:
                assert await peer.ask(GetStatus(handle)) == StatusRes(handle, False, False, 0, 0)


@asynccontextmanager
async def _two_that_wait(site: Site[Victim]) -> AsyncIterator[tuple[list[Peer], list[bytes]]]:
    """Clients at either broker, for jobs that nobody can do."""
    async with open_peer(("127.0.0.1", site.ports[0])) as one, open_peer(("127.0.0.1", site.ports[1])) as other:
        yield [one, other], [await peer.submit(b"nobody can") for peer in (one, other)]

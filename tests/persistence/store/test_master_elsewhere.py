"""A failover while the old master lives: the two pipes of a broker learn of it one after the other."""

from collections.abc import AsyncIterator, Callable

import pytest
import trio

from persistence.jobs import Mail
from persistence.pipe import Pipe
from tests.clusters import wait_in_step
from tests.persistence.pipes import until
from tests.persistence.store.standin import Standin
from tests.servers import RedisServer


class Signpost:
    """Says where the master is, as sentinels do."""

    words = "the master by the signpost"

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.ahead: list[RedisServer] = []
        """What those who ask next are told in the place of that, one each."""

    async def locate(self) -> tuple[str, int]:
        await trio.lowlevel.checkpoint()
        return "127.0.0.1", (self.ahead.pop(0) if self.ahead else self.server).port


class Scene:
    """Two brokers at a master; one waits for a job that the other runs."""

    def __init__(self, old: RedisServer, heir: RedisServer, nursery: trio.Nursery) -> None:
        self.old, self.heir = old, heir
        self.signposts = Signpost(old), Signpost(old)
        self.waits, self.runs = (Standin(old, locator=signpost) for signpost in self.signposts)
        self._nursery = nursery

    async def begin(self) -> None:
        await self._nursery.start(self.waits.run)
        await self._nursery.start(self.runs.run)

    async def fail_over(self) -> None:
        """The heir is master; the old one thinks so too, and the first pipe of each broker has found out."""
        await trio.to_thread.run_sync(wait_in_step, [self.old])
        self.heir.client().replicaof("NO", "ONE")
        for signpost in self.signposts:
            signpost.server = self.heir
        for broker in (self.waits, self.runs):
            await find_the_heir(broker)


async def find_the_heir(broker: Standin) -> None:
    before = broker.events.reconnects
    assert isinstance(broker.store.pipe, Pipe)
    broker.store.pipe.renew("the test says so")
    await until(lambda: broker.events.reconnects > before)
    broker.store.listen(broker.function())  # as brokers do then


@pytest.fixture
async def scene(make_server: Callable[..., RedisServer]) -> AsyncIterator[Scene]:
    old, heir = make_server("--repl-diskless-sync-delay", "0"), make_server()
    old.start()
    heir.start()
    heir.client().replicaof("127.0.0.1", str(old.port))
    async with trio.open_nursery() as nursery:
        scene = Scene(old, heir, nursery)
        await scene.begin()
        yield scene
        nursery.cancel_scope.cancel()


async def test_the_pipe_that_reads_mail_goes_where_the_mail_is(scene: Scene) -> None:
    submitted = await scene.waits.submit(background=False)
    job = await scene.runs.claim()
    await scene.fail_over()
    await scene.runs.finish(job, b"done", aloud=True)
    await until(lambda: bool(scene.waits.events.mails))
    assert scene.waits.events.mails == [Mail(submitted.id, b"completed", b"done")]


async def test_mail_that_an_old_master_did_not_have_is_found_when_that_is_left(scene: Scene) -> None:
    submitted = await scene.waits.submit(background=False)
    job = await scene.runs.claim()
    asked = asked_for_mail(scene.old)
    scene.signposts[0].ahead = [scene.heir, scene.old]  # the second pipe hears of it late
    await scene.fail_over()
    await scene.runs.finish(job, b"done", aloud=True)
    await until(lambda: asked_for_mail(scene.old) > asked)
    await trio.to_thread.run_sync(scene.old.cut)
    await until(lambda: bool(scene.waits.events.mails))
    assert scene.waits.events.mails == [Mail(submitted.id, b"completed", b"done")]


def asked_for_mail(server: RedisServer) -> int:
    statistics = server.client().info("commandstats").get("cmdstat_xrange", {"calls": 0})
    calls: int = statistics["calls"]
    return calls

"""Answers that do not come in time, servers that fall silent, and replies that come late."""

from dataclasses import replace

import pytest
import trio
from trio.testing import MockClock

from persistence.deadlines import TICK_SECONDS
from persistence.errors import StoreUnavailableError
from persistence.pipe import Pipe
from persistence.replies import Command, Reply
from tests.persistence.pipes import Heard, options_for, running, until
from tests.servers import RedisServer


def soon(seconds: float = 0.05) -> float:
    """A deadline that will have passed before long."""
    return trio.current_time() + seconds


async def test_a_deadline_passed_is_the_answer_and_the_late_reply_is_dropped(
    redis_server: RedisServer,
) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        heard, patient = Heard(), Heard()
        redis_server.pause()
        pipe.post(("ECHO", "patient"), patient)
        pipe.post(("ECHO", "hasty"), heard, deadline=soon())
        (error,) = await heard.wait()
        assert isinstance(error, StoreUnavailableError)
        assert error.sent
        redis_server.resume()
        assert await patient.wait() == [b"patient"]
        assert await pipe.ask("PING") == b"PONG"
        assert len(heard.replies) == 1
        assert pipe.statistics().connects == 1


async def test_a_late_reply_goes_to_who_wants_it(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        heard, late = Heard(), Heard()
        redis_server.pause()
        pipe.post(("ECHO", "hasty"), heard, deadline=soon(), late=late)
        await heard.wait()
        assert late.replies == []
        redis_server.resume()
        assert await late.wait() == [b"hasty"]
        assert len(heard.replies) == 1


async def test_who_waits_for_a_late_reply_hears_when_none_can_come(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        heard, late = Heard(), Heard()
        redis_server.pause()
        pipe.post(("ECHO", "hasty"), heard, deadline=soon(), late=late, again=lambda: ("ECHO", "again"))
        await heard.wait()
        redis_server.kill()
        (error,) = await late.wait()
        assert isinstance(error, StoreUnavailableError)
        assert error.sent
        redis_server.start()
        assert await pipe.ask("PING") == b"PONG"
        assert (len(heard.replies), len(late.replies)) == (1, 1)


async def test_deadlines_need_not_be_sorted(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        order: list[str] = []
        second = Heard()
        redis_server.pause()
        patient = Heard()
        pipe.post(("PING",), patient, deadline=soon(600))

        def last(reply: Reply) -> None:
            order.append("last")
            second(reply)

        pipe.post(("PING",), last, deadline=soon(0.5))
        pipe.post(("PING",), lambda reply: order.append("first"), deadline=soon(0.05))
        await second.wait()
        assert order == ["first", "last"]
        assert patient.replies == []


async def test_what_was_not_sent_before_its_deadline_never_is(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        redis_server.kill()
        await until(lambda: not pipe.connected)
        hasty, patient, late = Heard(), Heard(), Heard()

        def again() -> Command:
            return ("RPUSH", "list", "hasty")

        pipe.post(again(), hasty, deadline=soon(), again=again, late=late)
        pipe.post(("RPUSH", "list", "patient"), patient)
        unsent = pipe.statistics().unsent_bytes
        (error,) = await hasty.wait()
        assert isinstance(error, StoreUnavailableError)
        assert not error.sent
        assert pipe.statistics().unsent_bytes < unsent
        redis_server.start()
        assert await patient.wait() == [1]
        assert late.replies == []
    assert redis_server.client().lrange("list", 0, -1) == [b"patient"]


async def test_a_repeat_is_not_sent_after_its_deadline(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        heard = Heard()
        redis_server.pause()
        pipe.post(("ECHO", "hasty"), heard, deadline=soon(0.3), again=lambda: ("RPUSH", "list", "hasty"))
        await until(lambda: pipe.statistics().in_flight == 1)
        redis_server.kill()
        (error,) = await heard.wait()
        assert isinstance(error, StoreUnavailableError)
        assert error.sent
        redis_server.start()
        assert await pipe.ask("LLEN", "list") == 0


async def test_a_server_that_owes_answers_and_is_silent_is_called_anew(redis_server: RedisServer) -> None:
    breaks: list[str] = []
    pipe = Pipe(
        options_for(redis_server, silence_seconds=0.2),
        name="test",
        on_break=lambda error: breaks.append(str(error)),
    )
    async with running(pipe):
        single, repeated = Heard(), Heard()
        redis_server.pause()
        pipe.post(("ECHO", "single"), single)
        pipe.post(("ECHO", "repeated"), repeated, again=lambda: ("ECHO", "again"))
        (error,) = await single.wait()
        assert isinstance(error, StoreUnavailableError)
        assert breaks == ["the connection to Redis broke: no answer for 0.2 s"]
        redis_server.resume()
        assert await repeated.wait() == [b"again"]


async def test_a_server_that_goes_silent_while_nothing_is_asked_is_noticed(redis_server: RedisServer) -> None:
    broke = trio.Event()
    pipe = Pipe(options_for(redis_server, silence_seconds=0.2), name="test", on_break=lambda error: broke.set())
    async with running(pipe):
        redis_server.pause()
        with trio.fail_after(30):
            await broke.wait()


async def test_a_server_that_is_asked_nothing_keeps_its_connection(
    redis_server: RedisServer, mock_clock: MockClock
) -> None:
    async with running(Pipe(options_for(redis_server, silence_seconds=30), name="test")) as pipe:
        before = pipe.statistics()
        for asked in range(1, 4):
            # It looks at the second tick: before the first it seems to have stood still itself.
            for seconds in (31, 2 * TICK_SECONDS):
                mock_clock.jump(seconds)
                await trio.testing.wait_all_tasks_blocked()
            assert pipe.statistics().commands == before.commands + asked
            while pipe.statistics().replies < before.replies + asked:
                await trio.lowlevel.checkpoint()  # no time passes here: however long the server takes, it is not silent
        assert pipe.statistics().connects == 1


async def test_ask_has_a_patience_of_its_own(redis_server: RedisServer) -> None:
    async with running(Pipe(options_for(redis_server), name="test")) as pipe:
        redis_server.pause()
        with pytest.raises(StoreUnavailableError, match="did not answer in time"):
            await pipe.ask("PING", timeout_seconds=0.05)
        redis_server.resume()
        assert await pipe.ask("ECHO", "next") == b"next"


async def test_a_paused_server_is_connected_to_when_it_goes_on(redis_server: RedisServer) -> None:
    redis_server.pause()
    pipe = Pipe(replace(options_for(redis_server), connect_timeout_seconds=30.0), name="test")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(pipe.run)
        await trio.testing.wait_all_tasks_blocked()
        assert not pipe.connected
        redis_server.resume()
        await pipe.wait_connected()
        nursery.cancel_scope.cancel()

"""The fixtures for those who test programs that use Gearman."""

import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
import trio

from client import (
    BackgroundJob,
    CannotConnectError,
    Client,
    ConnectionLostError,
    Function,
    Priority,
    RefusedError,
    TimedOutError,
    open_client,
)
from client.blocking import Client as BlockingClient
from gearman_testing import Hosting, HostingError, RecordedJob, TestBroker
from tests.programs import ROOT
from worker import Job, run_worker


async def test_a_job_goes_through_the_broker_of_the_test(gearman_broker: TestBroker, gearman_client: Client) -> None:
    async def shout(job: Job) -> bytes:
        return job.payload.upper()

    async with trio.open_nursery() as nursery:
        await nursery.start(
            lambda task_status: run_worker(gearman_broker.address, {"shout": shout}, task_status=task_status)
        )
        assert await gearman_client.call("shout", b"hello") == b"HELLO"
        nursery.cancel_scope.cancel()
    assert gearman_broker.submitted == (RecordedJob(b"shout", b"hello", background=False),)


@pytest.mark.parametrize("nth", [1, 2])
def test_every_test_has_a_queue_of_its_own(
    gearman_broker: TestBroker, gearman_blocking_client: BlockingClient, nth: int
) -> None:
    assert gearman_broker.submitted == ()
    assert gearman_blocking_client.admin.status() == ()
    gearman_blocking_client.submit_background("sendEmail", b"%d" % nth, unique="u")
    assert [row.total for row in gearman_blocking_client.admin.status()] == [1]


def test_a_test_may_have_several_brokers(gearman_host: Hosting, gearman_broker: TestBroker) -> None:
    with gearman_host.broker() as second, BlockingClient(second.address) as client:
        client.submit_background("sendEmail", b"to: ann@example.org")
        second.assert_submitted("sendEmail", b"to: ann@example.org")
    assert gearman_broker.submitted == ()


def test_whatever_is_submitted_is_recorded_in_order(
    gearman_broker: TestBroker, gearman_blocking_client: BlockingClient
) -> None:
    client = gearman_blocking_client
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    client.submit_background("f", b"a\0b", unique="u", priority=Priority.HIGH)
    client.submit_at(tomorrow, "f", b"later")
    client.submit_background("f", b"pieces", reducer="sum")
    list(client.submit_many(BackgroundJob("g", b"%d" % number) for number in range(100)))
    first, second, third, *many = gearman_broker.submitted
    assert first == RecordedJob(b"f", b"a\0b", b"u", "high")
    assert second == RecordedJob(b"f", b"later", delayed=True)
    assert third == RecordedJob(b"f", b"pieces", reducer=b"sum")
    assert [job.payload for job in many] == [b"%d" % number for number in range(100)]


def test_what_was_submitted_can_be_asserted(
    gearman_broker: TestBroker, gearman_blocking_client: BlockingClient
) -> None:
    numbers = Function("sum", payload=list[int])
    gearman_blocking_client.submit_background(numbers, [1, 2], unique="u", priority=Priority.LOW)
    assert gearman_broker.assert_submitted("sum", b"[1,2]").unique == b"u"
    gearman_broker.assert_submitted(numbers, [1, 2], unique="u", priority="low")
    with pytest.raises(
        AssertionError, match=r"no job with function=b'sum', payload=b'\[3\]' was submitted, but:\n  Rec"
    ):
        gearman_broker.assert_submitted(numbers, [3])


def test_a_broker_may_refuse_and_recover(gearman_broker: TestBroker, gearman_blocking_client: BlockingClient) -> None:
    gearman_broker.refuse()
    outcomes = gearman_blocking_client.submit_many(BackgroundJob("f", b"") for _ in range(3))
    assert [type(outcome.error) for outcome in outcomes] == [RefusedError] * 3
    with pytest.raises(RefusedError) as caught:
        gearman_blocking_client.submit_background("f", b"")
    assert caught.value.code == b"QUEUE_ERROR"
    gearman_blocking_client.ping()
    assert gearman_broker.submitted == ()
    gearman_broker.recover()
    gearman_blocking_client.submit_background("f", b"")


def test_a_broker_may_hang_up(gearman_broker: TestBroker, gearman_blocking_client: BlockingClient) -> None:
    with gearman_blocking_client.follow("f", b"") as job:
        gearman_broker.hang_up()
        with pytest.raises(ConnectionLostError):
            job.result()
    with pytest.raises(CannotConnectError):
        gearman_blocking_client.ping()
    gearman_broker.recover()
    gearman_blocking_client.ping()


def test_a_broker_may_fall_silent(gearman_broker: TestBroker, gearman_blocking_client: BlockingClient) -> None:
    gearman_blocking_client.ping()
    gearman_broker.fall_silent()
    with pytest.raises(TimedOutError):
        gearman_blocking_client.submit_background("f", b"", timeout=0.05)
    with pytest.raises(TimedOutError):
        gearman_blocking_client.ping(timeout=0.05)
    gearman_broker.recover()
    gearman_blocking_client.ping()
    assert gearman_broker.submitted == ()


async def test_a_broker_may_answer_late(gearman_broker: TestBroker) -> None:
    async with open_client(gearman_broker.address) as client:
        gearman_broker.answer_late(0.2)
        began = time.monotonic()
        await client.ping()
        assert time.monotonic() - began >= 0.2
        with trio.move_on_after(0.01) as scope:
            await client.ping()
        assert scope.cancelled_caught


PROGRAM = """
import sys
import gearman_testing.plugin
print(*sorted({"client", "worker", "trio", "broker", "pydantic", "redis"} & set(sys.modules)))
"""


def test_a_run_that_asks_for_no_broker_pays_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, check=True, text=True)
    assert done.stdout == "\n"


def test_nothing_is_left_when_the_tests_end() -> None:
    with Hosting() as hosting, hosting.broker() as broker:
        socket.create_connection((broker.host, broker.port)).close()
    with socket.socket() as probe:
        assert probe.connect_ex((broker.host, broker.port)) != 0
    with pytest.raises(HostingError, match="ended with status 0"):
        assert broker.submitted

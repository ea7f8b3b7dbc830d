"""A queue of `-q redis`, imported into another Redis, or another part of the same."""

from collections.abc import Callable
from pathlib import Path

import pytest

from protocol import Priority
from tests.importing.conftest import MakeGearmand
from tests.importing.draining import drain
from tests.importing.gearmands import NUL_PAYLOAD, background, leave, redis_flags
from tests.importing.importer import run_import
from tests.processes import BrokerProcess
from tests.servers import RedisServer

UUID = b"0b5f7d52-cae7-11f1-9d2a-525400123456"


@pytest.fixture
def to(redis_server: RedisServer, data_dir: Path) -> list[str]:
    """The flags of a broker on a Redis of its own."""
    return ["--redis", redis_server.url, "--data-dir", str(data_dir)]


def broker_of(to: list[str]) -> BrokerProcess:
    return BrokerProcess(Path(to[3]), *to[:2])


async def test_jobs_arrive_to_the_byte_and_by_priority(
    make_gearmand: MakeGearmand, source: RedisServer, to: list[str]
) -> None:
    await leave(
        make_gearmand(*redis_flags(source)),
        background(b"mail", b"u1", NUL_PAYLOAD, priority=Priority.LOW),
        background(b"mail", b"", b"no unique"),
        background(b"mail", UUID, b"libgearman's unique", priority=Priority.HIGH),
        background(b"f\xff\xfe n%s", b"\xc3\xa9 'q\"%s*", b""),
        background(b"mail", b"U" * 64, b"cut", priority=Priority.LOW),
    )
    imported = await run_import("--from", source.url, *to)
    assert (imported.status, imported.complaints) == (0, ())
    assert (imported.counts["found"], imported.counts["imported"]) == (5, 5)
    assert "Redis keeps no order" in imported.said
    with broker_of(to) as broker:
        jobs = await drain(broker, b"f\xff\xfe n%s", b"mail")
    assert [job.payload for job in jobs if job.function == b"mail"][:2] == [b"libgearman's unique", b"no unique"]
    assert {(job.function, job.unique, job.payload) for job in jobs} == {
        (b"mail", b"u1", NUL_PAYLOAD),
        (b"mail", b"", b"no unique"),
        (b"mail", UUID, b"libgearman's unique"),
        (b"f\xff\xfe n%s", b"\xc3\xa9 'q\"%s*", b""),
        (b"mail", b"U" * 63, b"cut"),
    }


async def test_a_key_of_several_readings_is_refused_by_name_until_the_functions_are_given(
    make_gearmand: MakeGearmand, source: RedisServer, to: list[str]
) -> None:
    await leave(
        make_gearmand(*redis_flags(source)),
        background(b"send-mail", b"u-1", b"one"),
        background(b"send-mail", UUID, b"two"),
        background(b"mail", b"-", b"three"),
        background(b"mail", b"plain", b"four"),
    )
    imported = await run_import("--from", source.url, *to)
    assert imported.status == 2
    assert (imported.counts["imported"], imported.counts["refused"]) == (1, 3)
    assert imported.counts["function not certain"] == 3
    assert any(
        "key '_gear_-send-mail-u-1' was not imported: its function may be 'send' or 'send-mail' or 'send-mail-u': "
        "name every function of the queue with --function NAME" in line
        for line in imported.complaints
    )
    half = await run_import("--from", source.url, *to, "--function", "mail")
    assert (half.counts["imported"], half.counts["refused"]) == (1, 2)
    assert all("its function is none of those given" in line for line in half.complaints)
    whole = await run_import("--from", source.url, *to, "--function", "mail", "--function", "send-mail")
    assert (whole.status, whole.counts["imported"], whole.counts["already there"]) == (0, 2, 2)
    with broker_of(to) as broker:
        jobs = await drain(broker, b"send-mail", b"mail")
    assert {(job.function, job.unique, job.payload) for job in jobs} == {
        (b"send-mail", b"u-1", b"one"),
        (b"send-mail", UUID, b"two"),
        (b"mail", b"-", b"three"),
        (b"mail", b"plain", b"four"),
    }


async def test_only_keys_of_the_prefix_are_read_whatever_characters_it_has(
    make_gearmand: MakeGearmand, source: RedisServer, to: list[str]
) -> None:
    await leave(make_gearmand(*redis_flags(source)), background(b"mail", b"u", b"other"))
    await leave(make_gearmand(*redis_flags(source, "--redis-prefix", "my-[pre]*")), background(b"mail", b"u", b"mine"))
    source.client().set("my-p-mail-u", "nobody's")
    imported = await run_import("--from", source.url, "--from-prefix", "my-[pre]*", *to)
    assert imported.counts == {"found": 1, "imported": 1, "mail": 1}
    with broker_of(to) as broker:
        assert [job.payload for job in await drain(broker, b"mail")] == [b"mine"]


async def test_the_source_may_be_the_target_under_another_prefix(
    make_gearmand: MakeGearmand, source: RedisServer, data_dir: Path
) -> None:
    await leave(make_gearmand(*redis_flags(source)), background(b"mail", b"u", b"x"))
    to = ["--redis", source.url, "--data-dir", str(data_dir)]
    for _ in range(2):
        imported = await run_import("--from", source.url, *to)
        assert (imported.status, imported.counts["found"]) == (0, 1)
    with broker_of(to) as broker:
        assert [job.payload for job in await drain(broker, b"mail")] == [b"x"]


async def test_a_string_as_gearmand_kept_jobs_before_1_1_16_is_a_job(
    make_gearmand: MakeGearmand, source: RedisServer, to: list[str]
) -> None:
    source.client().set("_gear_-mail-old", b"from\0long ago")
    with make_gearmand(*redis_flags(source)) as gearmand:  # it takes it for one as well
        assert [job.unique for job in await drain(gearmand, b"mail", most=1)] == [b"old"]
    source.client().set("_gear_-mail-old", b"from\0long ago")
    assert (await run_import("--from", source.url, *to)).counts["imported"] == 1
    with broker_of(to) as broker:
        assert [job.payload for job in await drain(broker, b"mail")] == [b"from\0long ago"]


async def test_keys_that_are_not_gearmands_are_refused_by_name_and_stay(source: RedisServer, to: list[str]) -> None:
    client = source.client()
    client.hset("_gear_-mail-a", mapping={"data": "x", "priority": 1, "when": 5})
    client.hset("_gear_-mail-b", mapping={"data": "x", "prio": 1})
    client.hset("_gear_-mail-c", mapping={"data": "x", "priority": 7})
    client.rpush("_gear_-mail-d", "x")
    client.hset("_gear_-nohyphen", mapping={"data": "x", "priority": 1})
    client.hset("_gear_-mail-" + "u" * 65, mapping={"data": "x", "priority": 1})
    imported = await run_import("--from", source.url, *to, "--delete-imported")
    assert (imported.status, imported.counts["refused"]) == (2, 6)
    expected = {
        "key '_gear_-mail-a' was not imported: it has 3 fields",
        "key '_gear_-mail-b' was not imported: it has other fields than data and priority",
        "key '_gear_-mail-c' was not imported: its priority is '7'",
        "key '_gear_-mail-d' was not imported: it is a list",
        "key '_gear_-nohyphen' was not imported: it is not PREFIX-FUNCTION-UNIQUE",
        f"key '_gear_-mail-{'u' * 65}' was not imported: it is not PREFIX-FUNCTION-UNIQUE",
    }
    assert all(any(start in line for line in imported.complaints) for start in expected)
    assert client.dbsize() == 6


async def test_what_is_imported_is_deleted_on_request_and_what_changed_meanwhile_is_not(
    make_gearmand: MakeGearmand, source: RedisServer, to: list[str]
) -> None:
    await leave(make_gearmand(*redis_flags(source)), *(background(b"f", b"u%d" % n, NUL_PAYLOAD) for n in range(5)))
    imported = await run_import("--from", source.url, *to, "--delete-imported")
    assert imported.counts["deleted at the source"] == 5
    assert source.client().dbsize() == 0


async def test_a_prefix_without_keys_is_an_empty_queue_and_a_hint(source: RedisServer, to: list[str]) -> None:
    imported = await run_import("--from", source.url, "--from-prefix", "wrong", *to)
    assert (imported.status, imported.counts) == (0, {})
    assert "no key begins with 'wrong-': if gearmand had a --redis-prefix, give it as --from-prefix" in imported.said


async def test_the_passwords_of_source_and_target_are_used_and_not_repeated(
    make_server: Callable[..., RedisServer], data_dir: Path
) -> None:
    server = make_server(password="s3cret")
    server.start()
    server.client().hset("_gear_-mail-u", mapping={"data": "x", "priority": 1})
    to = ("--redis", server.url, "--data-dir", str(data_dir))
    assert (await run_import("--from", server.url, *to)).counts["imported"] == 1
    wrong = await run_import("--from", server.url.replace("s3cret", "wr0ng"), *to)
    assert wrong.status == 1
    assert "cannot read the queue in Redis" in wrong.complaints[0]
    assert "redis://:PASSWORD@HOST:PORT" in wrong.complaints[0]
    assert "wr0ng" not in wrong.said + "".join(wrong.complaints)

"""The wrong kind of callable is refused when it is registered, with a sentence that says what would be right."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial, wraps
from typing import cast
from unittest.mock import AsyncMock

import pytest

from peer import Function
from worker import Job, Middleware, ThreadJob, Worker

COUNT = Function("count", payload=str, result=int)


async def of_one(job: Job) -> bytes:
    return job.payload


async def of_two(job: Job, text: str) -> int:
    return len(text)


def plain(job: ThreadJob) -> bytes:
    return job.payload


def in_parts(job: ThreadJob) -> Iterator[bytes]:
    yield job.payload


async def of_many(job: Job) -> AsyncIterator[bytes]:
    yield job.payload


class Doer:
    async def __call__(self, job: Job) -> bytes:
        return job.payload


def passed_on(done: Callable[..., object]) -> Callable[..., object]:
    @wraps(done)
    def wrapper(*arguments: object) -> object:
        return done(*arguments)

    return wrapper


# The last is what programs register in tests of their own: no async def to look at, and awaitable all the same.
@pytest.mark.parametrize("done", [of_one, partial(of_two, text=""), Doer(), passed_on(of_one), AsyncMock()])
def test_whatever_can_be_awaited_does_jobs(done: Callable[[Job], object]) -> None:
    assert register("f", done) is done


def register(function: object, *done: object, by: str = "register") -> object:
    """As a program that no type checker has seen."""
    decorate = cast(Callable[..., Callable[..., object]], getattr(Worker(), by))(function)
    return decorate(*done)


WRONG: dict[str, tuple[Callable[[], object], str]] = {
    "a plain function": (lambda: register("f", plain), "plain is no async function: write async def, or"),
    "a generator": (lambda: register("f", of_many), "of_many is no async function"),
    "no function": (lambda: register("f", b"resize"), "jobs are done by a function, not by b'resize'"),
    "no name": (lambda: register(of_one), r'register takes a name first: @worker.register\("of_one"\)'),
    "a number": (lambda: register(17), "given by its name or as a Function, not as int"),
    "too many arguments": (
        lambda: register("f", of_two),
        r"of_two\(job: .*\).* cannot be called with \(job\): missing a required argument: 'text'",
    ),
    "too few arguments": (
        lambda: register(COUNT, of_one),
        r"of_one\(job: .*\).* cannot be called with \(job, payload\): too many positional arguments",
    ),
    "a generator in a thread": (lambda: register("f", in_parts, by="register_plain"), "in_parts is a generator"),
    "async in a thread": (
        lambda: register("f", of_one, by="register_plain"),
        "registered by register, not by register_plain",
    ),
    "async in a process": (
        lambda: register("f", of_one, by="register_in_process"),
        "registered by register, not by register_in_process",
    ),
    "plain middleware": (lambda: Worker(middleware=[cast(Middleware, plain)]), "plain is no async function"),
    "middleware that runs nothing": (
        lambda: Worker(middleware=[cast(Middleware, of_one)]),
        r"cannot be called with \(job, run\)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_wrong_kind_is_refused(name: str) -> None:
    wrong, sentence = WRONG[name]
    with pytest.raises(TypeError, match=sentence):
        wrong()


async def test_a_function_that_no_process_can_find_is_refused_before_the_first_job() -> None:
    worker = Worker()
    worker.register_in_process("f")(lambda payload: payload)
    with pytest.raises(TypeError, match="it must stand at the top level of a module"):
        await worker.run("127.0.0.1:1")

"""What is wrong with a callable that does jobs, said when it is registered and not when the first job comes."""

import inspect
import pickle
from collections.abc import Callable

from peer import Function

__all__ = ["must_be_a_name", "must_be_async", "must_be_importable", "must_be_plain"]


def must_be_a_name(function: object, decorator: str) -> None:
    """TypeError if a decorator was not given the name of a function."""
    if not isinstance(function, bytes | str | Function):
        if callable(function):
            raise TypeError(f'{decorator} takes a name first: @worker.{decorator}("{_name(function)}")')
        raise TypeError(f"a function is given by its name or as a Function, not as {type(function).__name__}")


def must_be_async(done: object, *arguments: str) -> None:
    """TypeError if it cannot be awaited, or not be called so."""
    _must_be_callable(done)
    if not _is_async(done):
        raise TypeError(
            f"{_name(done)} is no async function: write async def, or register it by register_plain (to run in a "
            "thread) or register_in_process (in a process)"
        )
    _must_take(done, arguments)


def must_be_plain(done: object, decorator: str, *arguments: str) -> None:
    """TypeError if it is async, or a generator, or cannot be called so."""
    _must_be_callable(done)
    if _is_async(done) or inspect.isasyncgenfunction(done):
        raise TypeError(f"{_name(done)} is async: it is registered by register, not by {decorator}")
    if inspect.isgeneratorfunction(done):
        raise TypeError(f"{_name(done)} is a generator: what does jobs returns its result, and yields nothing")
    _must_take(done, arguments)


def must_be_importable(done: Callable[..., object]) -> None:
    """TypeError if another process cannot find it by its name."""
    try:
        pickle.dumps(done)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TypeError(
            f"{_name(done)} cannot be run in a process: it must stand at the top level of a module, under its own name"
        ) from error


def _must_be_callable(done: object) -> None:
    if not callable(done):
        raise TypeError(f"jobs are done by a function, not by {done!r}")


def _must_take(done: object, arguments: tuple[str, ...]) -> None:
    assert callable(done)
    try:
        signature = inspect.signature(done)
    except (ValueError, TypeError):
        return  # one that is written in C may not tell, nor an AsyncMock in Python 3.11.2
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise TypeError(f"{_name(done)}{signature} cannot be called with ({', '.join(arguments)}): {error}") from error


def _is_async(done: object) -> bool:
    """Also of an object whose call is async, and of a wrapper that says what it wraps."""
    assert callable(done)
    return any(map(inspect.iscoroutinefunction, (done, inspect.unwrap(done), type(done).__call__)))


def _name(done: object) -> str:
    return str(getattr(done, "__name__", None) or repr(done))

"""Finding the worker of a program that is named on the command line."""

import sys
import traceback
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from worker.worker import Worker

__all__ = ["CannotLoadError", "load_worker"]

ATTRIBUTE = "worker"  # if none is named


class CannotLoadError(Exception):
    """There is no worker of that name; the message is one line, and may be followed by a traceback."""


def load_worker(name: str) -> Worker:
    """The worker called ``module:attribute``, imported from the current folder or from what is installed.

    Raises:
        CannotLoadError: there is none, or its module cannot be imported, or it cannot be run.
    """
    module_name, _, attribute = name.partition(":")
    path = attribute or ATTRIBUTE
    if not all(part.isidentifier() for part in (*module_name.split("."), *path.split("."))):
        raise CannotLoadError(f"{name!r} names no worker: write module:attribute, such as shop.jobs:worker")
    here = str(Path.cwd())
    if not {here, ""} & set(sys.path):
        sys.path.insert(0, here)  # started as a console script, Python does not look here
    found = _imported(module_name)
    for part in path.split("."):
        if not hasattr(found, part):
            raise CannotLoadError(f"module {module_name} has no {path!r}{_suggestion(module_name, found)}")
        found = getattr(found, part)
    if not isinstance(found, Worker):
        raise CannotLoadError(f"{module_name}:{path} is no Worker, it is a {type(found).__name__}")
    try:
        found.check()
    except (ValueError, TypeError) as error:
        raise CannotLoadError(f"{module_name}:{path} cannot be run: {error}") from error
    return found


def _imported(name: str) -> object:
    try:
        exists = find_spec(name) is not None
    except ModuleNotFoundError:  # of a package above it
        exists = False
    except Exception as error:  # a package above it is run by this, and its own fault is told
        raise _failed(name, error) from error
    if not exists:
        raise CannotLoadError(
            f"there is no module {name}: it is looked for in {Path.cwd()} and among what is installed"
        )
    try:
        return import_module(name)
    except Exception as error:  # whatever a program raises while it is imported; told with its traceback
        raise _failed(name, error) from error


def _failed(name: str, error: Exception) -> CannotLoadError:
    trace = "".join(traceback.format_exception(error)).rstrip()
    return CannotLoadError(f"module {name} cannot be imported: {type(error).__name__}: {error}\n{trace}")


def _suggestion(module_name: str, module: object) -> str:
    names = sorted(name for name, value in vars(module).items() if isinstance(value, Worker))
    return f"; it has {', '.join(f'{module_name}:{name}' for name in names)}" if names else ""

"""A test that hangs: told with what each of its tasks waits for, and cancelled, so that it cleans up and others run.

pytest-timeout alone would raise in the middle of trio, which then runs nothing more in this process.
"""

import linecache
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import Final

import pytest
import trio

CLEAN_UP_SECONDS: Final = 30.0
"""What is not over then, pytest-timeout ends."""

INDENT: Final = "  "
INNARDS: Final = Path(trio.__file__).parent

Handler = Callable[[int, FrameType | None], object]


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item) -> Generator[None, object, object]:
    """Puts ours before what pytest-timeout has set."""
    is_set = yield
    end = signal.getsignal(signal.SIGALRM)
    assert callable(end)
    signal.signal(signal.SIGALRM, _cancelling(item.nodeid, end))
    return is_set


def _cancelling(test: str, end: Handler) -> Handler:
    """A handler that cancels what trio runs in this thread, and leaves to `end` what is not trio's."""

    def tell_and_cancel(number: int, frame: FrameType | None) -> None:
        try:
            root = trio.lowlevel.current_root_task()
        except RuntimeError:
            root = None
        if root is None:
            end(number, frame)
            return
        tasks = [line for nursery in root.child_nurseries for task in nursery.child_tasks for line in _told(task, "")]
        sys.stderr.write("\n".join([f"{test} hangs. What its tasks wait for:", *tasks, ""]))
        signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, CLEAN_UP_SECONDS)
        innermost = root.child_nurseries[-1]  # that of what trio.run was called with; the others are trio's own
        trio.lowlevel.current_trio_token().run_sync_soon(innermost.cancel_scope.cancel)

    return tell_and_cancel


def _told(task: trio.lowlevel.Task, indent: str) -> Iterator[str]:
    """The task, the calls it waits in, and those it has begun; trio's own calls say nothing about a test."""
    yield f"{indent}{task.name}"
    indent += INDENT
    for frame, line_number in task.iter_await_frames():
        file, name = frame.f_code.co_filename, frame.f_code.co_qualname
        if INNARDS not in Path(file).parents:
            yield f"{indent}{file}:{line_number} in {name}: {linecache.getline(file, line_number).strip()}"
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _told(child, indent)

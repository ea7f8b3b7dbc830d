"""The commands that go on looking: watch and top."""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeAlias

from client.blocking import Client
from client.command_line.drawing import on_terminal, screen
from client.command_line.output import Output
from client.command_line.samples import Functions, FunctionSample, JobSample, running_jobs

__all__ = ["top", "watch"]

ShowJobs: TypeAlias = Callable[[Iterable[JobSample]], None]
ShowFunctions: TypeAlias = Callable[[Iterable[FunctionSample]], None]


def watch(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Shows the given jobs until they are over, or whatever runs until Ctrl-C."""
    seen: dict[str, JobSample] = {}
    with _job_view(output) as show:
        for _ in _looks(options.interval):
            now = _look(client, options.handles or seen, whatever_runs=not options.handles)
            changed = [sample for sample in now if seen.get(sample.handle) != sample]
            show(changed)
            seen.update((sample.handle, sample) for sample in now)
            if options.handles:
                if all(sample.state == "over" for sample in now):
                    break
            else:
                seen = {handle: sample for handle, sample in seen.items() if sample.state != "over"}
    return 0


def top(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Shows all functions until Ctrl-C, or so many times."""
    functions = Functions(client)
    with _function_view(output) as show:
        for looks in _looks(options.interval):
            show(functions.look())
            if looks >= options.count:
                break
    return 0


def _look(client: Client, handles: Iterable[str], *, whatever_runs: bool) -> list[JobSample]:
    found = {sample.handle: sample for sample in running_jobs(client)} if whatever_runs else {}
    for handle in handles:
        if handle not in found:
            found[handle] = JobSample.of(handle, client.status(handle))
    return list(found.values())


def _looks(interval_seconds: float) -> Iterator[int]:
    """Counts looks, and pauses between them: longer, if looking takes long, so that it costs the server little."""
    count = 0
    while True:
        began = time.monotonic()
        count += 1
        yield count
        time.sleep(max(interval_seconds, 2 * (time.monotonic() - began)))


@contextmanager
def _job_view(output: Output) -> Iterator[ShowJobs]:
    if output.is_terminal:
        with on_terminal(screen().job_bars()) as draw:
            yield draw
        return

    def write(samples: Iterable[JobSample]) -> None:
        for sample in samples:
            output.tell(
                str(sample),
                handle=sample.handle,
                state=sample.state,
                numerator=sample.numerator,
                denominator=sample.denominator,
            )

    yield write


@contextmanager
def _function_view(output: Output) -> Iterator[ShowFunctions]:
    if output.is_terminal:
        with on_terminal(screen().table()) as draw:
            yield draw
        return

    def write(samples: Iterable[FunctionSample]) -> None:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [FunctionSample.HEADINGS, *(sample.row() for sample in samples)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [_aligned(row, widths) for row in rows]
        output.tell("\n".join([*lines, ""]), at=at, functions=[sample.fields() for sample in samples])

    yield write


def _aligned(row: Iterable[str], widths: Iterable[int]) -> str:
    (name, name_width), *counts = zip(row, widths, strict=True)
    return "  ".join([name.ljust(name_width), *(count.rjust(width) for count, width in counts)])

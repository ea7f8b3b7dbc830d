"""The commands about single jobs: submit, call and status."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from client.blocking import Client
from client.command_line.drawing import drawn_progress
from client.command_line.output import Output, as_text, content
from client.command_line.parser import PRIORITIES
from client.errors import JobFailedError, RefusedError
from client.records import Data, Progress, Status, UniqueStatus, Warned
from client.submission import BackgroundJob, JobOptions

__all__ = ["call", "state_of", "status", "submit"]


def submit(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Queues a job, or one for each line."""
    if options.at is not None and options.priority != "normal":
        raise ValueError("--at: a job for later has normal priority, its packet knows no other; leave --priority out")
    if options.at is not None and options.reducer:
        raise ValueError("--at and --reducer: no packet says both; leave one of them out")
    if options.lines:
        return _submit_lines(options, client, output)
    wanted = _wanted(options)
    if options.at is None:
        handle = client.submit_background(options.function, _payload(options), **wanted)
    else:
        handle = client.submit_background(options.function, _payload(options), run_at=options.at, **wanted)
    output.tell(as_text(handle), handle=as_text(handle))
    return 0


def _submit_lines(options: argparse.Namespace, client: Client, output: Output) -> int:
    if options.payload is not None or options.unique:
        raise ValueError("--lines: the payloads are the lines, and no two jobs can have one --unique")
    wanted = _wanted(options)
    jobs = (BackgroundJob(options.function, line, run_at=options.at, **wanted) for line in _lines(options.file))
    refused = 0
    for submitted in client.submit_many(jobs):
        if submitted.handle is not None:
            output.tell(as_text(submitted.handle), handle=as_text(submitted.handle))
        elif isinstance(submitted.error, RefusedError):
            refused += 1
            output.tell(f"refused: {submitted.error}", error=str(submitted.error))
        elif submitted.error is not None:
            raise submitted.error  # the other lines would fare no better
    return 4 if refused else 0


def call(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Has a job done, and writes what comes."""
    payload = _payload(options)
    with ExitStack() as drawing:
        job = drawing.enter_context(
            client.follow(options.function, payload, timeout=options.timeout, **_wanted(options))
        )
        draw = drawing.enter_context(drawn_progress(options.function))
        handle = as_text(job.handle)
        try:
            for update in job:
                match update:
                    case Progress(numerator, denominator):
                        draw(numerator, denominator)
                        done = {"numerator": numerator, "denominator": denominator}
                        output.tell_object(event="progress", handle=handle, **done)
                    case Data(data):
                        output.write(data)
                        output.tell_object(event="data", handle=handle, **content(data))
                    case Warned(data):
                        output.complain(f"warning: {as_text(data)}")
                        output.tell_object(event="warning", handle=handle, **content(data))
            result = job.result()
        except JobFailedError as error:
            output.tell_object(event="failed", handle=handle, error=str(error))
            output.complain(str(error))
            return 1
    output.write(result)
    output.tell_object(event="result", handle=handle, **content(result))
    return 0


def status(options: argparse.Namespace, client: Client, output: Output) -> int:
    """Tells how jobs stand; 1 if one of them is not known."""
    if not (options.handles or options.unique):
        raise ValueError("whose status? give a handle, or --unique KEY")
    all_known = True
    asked: list[tuple[str, str, Status | UniqueStatus]] = []
    for handle in options.handles:
        asked.append(("handle", handle, client.status(handle)))
    for unique in options.unique:
        asked.append(("unique", unique, client.status_by_unique(unique)))
    for kind, name, found in asked:
        all_known = all_known and found.known
        state = state_of(found)
        output.tell(
            f"{name} {state}" + (f" {found.numerator} of {found.denominator}" if found.denominator else ""),
            **{kind: name},
            state=state,
            numerator=found.numerator,
            denominator=found.denominator,
        )
    return 0 if all_known else 1


def state_of(found: Status | UniqueStatus) -> str:
    """In a word."""
    return "running" if found.running else "queued" if found.known else "unknown"


def _wanted(options: argparse.Namespace) -> JobOptions:
    return {"unique": options.unique, "priority": PRIORITIES[options.priority], "reducer": options.reducer}


def _payload(options: argparse.Namespace) -> bytes:
    if options.payload is not None and options.file is not None:
        raise ValueError("a payload and --file: give one of them")
    if options.payload is not None:
        return bytes(options.payload, sys.getfilesystemencoding(), "surrogateescape")
    if options.file is not None:
        try:
            return Path(options.file).read_bytes()
        except OSError as error:
            raise ValueError(f"--file: {options.file} cannot be read: {error.strerror}") from error
    return sys.stdin.buffer.read()


def _lines(file: str | None) -> Iterator[bytes]:
    if file is None:
        yield from (line.rstrip(b"\r\n") for line in sys.stdin.buffer)
        return
    try:
        with Path(file).open("rb") as lines:
            yield from (line.rstrip(b"\r\n") for line in lines)
    except OSError as error:
        raise ValueError(f"--file: {file} cannot be read: {error.strerror}") from error

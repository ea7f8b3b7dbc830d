"""WORK_*: a worker tells how a job goes and how it ends."""

import logging
from typing import Final

from broker.core import Broker
from broker.relaying import End, relay, relay_end
from broker.runs import Run
from broker.session import Session
from persistence import Function, Manner, Outcome
from protocol import (
    Error,
    ErrorCode,
    RemoteProtocolError,
    WorkComplete,
    WorkData,
    WorkException,
    WorkFail,
    WorkStatus,
    WorkWarning,
    read_number,
)

log = logging.getLogger(__name__)

OUTCOMES: Final = {WorkComplete: Outcome.COMPLETED, WorkFail: Outcome.FAILED, WorkException: Outcome.RAISED}
NOT_FOUND: Final = {
    WorkStatus: b"Job given in work result not found",
    WorkComplete: b"Job given in work result not found",
    WorkFail: b"Job given in work result not found",
    WorkData: b"Job does not exist on server",
    WorkWarning: b"Job does not exist on server",
    WorkException: b"An exception was received for a job that does not exist",
}
"""gearmand's words."""
KINDS: Final = {WorkData: b"data", WorkWarning: b"warning"}
LARGEST_FIGURE: Final = 0xFFFFFFFF
MAX_HANDLE: Final = 63
HANDLE_TOO_LARGE: Final = Error(
    ErrorCode.ARGUMENT_TOO_LARGE,
    b"Error occurred due to GEARMAND_JOB_HANDLE_SIZE being too small from snprintf",
)


def on_data(broker: Broker, session: Session, packet: WorkData | WorkWarning) -> None:
    """Part of a result, or a warning: for who waits, and nowhere else."""
    run = _run_of(session, packet)
    if run is None:
        return
    relay(broker, run.job.handle, packet)
    if run.elsewhere:
        broker.store.ending.post(run.function, run.job.id, run.job.attempt, KINDS[type(packet)], packet.payload)


def on_status(broker: Broker, session: Session, packet: WorkStatus) -> None:
    """How far a job has come: relayed as it was said, and kept as a number, the latest only: so it is read later."""
    run = _run_of(session, packet)
    if run is None:
        return
    relay(broker, run.job.handle, packet)
    if run.elsewhere:
        said = packet.numerator + b"\0" + packet.denominator
        broker.store.ending.post(run.function, run.job.id, run.job.attempt, b"status", said)
    if run.progress is None:
        broker.progressing.append(run)
    run.progress = (packet.numerator, packet.denominator)


def figure(text: bytes) -> int:
    """A figure as it is kept: leading digits, in 32 bits without a sign; the largest for what is beyond."""
    try:
        return min(read_number(text), LARGEST_FIGURE)
    except RemoteProtocolError:
        return LARGEST_FIGURE


def note_progress(broker: Broker) -> None:
    """Write down how far the runs have come that said something since the last time."""
    if not broker.store.connected:
        return  # only the latest counts, and it is kept until then
    runs, broker.progressing = broker.progressing, []
    for run in runs:
        if not broker.store.reaches(run.function) and not run.ended:
            broker.progressing.append(run)
            continue
        if run.progress is not None and not run.ended:
            broker.store.ending.progress(run.function, run.job.id, run.job.attempt, *map(figure, run.progress))
        run.progress = None


def on_end(broker: Broker, session: Session, packet: End) -> None:
    """The job is over. Who waits is told at once, and the store behind that.

    Only for a job with a unique, while other brokers live, does the answer wait for the store: a submit of that
    unique at another broker could otherwise still join the job, after the client here has seen it end.
    """
    run = session.runs.get(packet.handle)
    if run is None:
        _late_end(broker, session, packet)
        return
    broker.runs.end(run)
    job = run.job
    answer_first = not (job.unique and broker.store.janitor.others)
    if answer_first:
        relay_end(broker, packet)

    def finished(word: bytes) -> None:
        # Who joined the job before Redis knew of its end has been answered by now, and waits.
        relay_end(broker, packet)

    broker.store.ending.finish(
        run.function,
        job.id,
        job.attempt,
        OUTCOMES[type(packet)],
        _payload(packet),
        finished,
        unique=job.unique,
        beside=job.beside,
        aloud=run.elsewhere,
    )


def _payload(packet: End) -> bytes:
    return b"" if isinstance(packet, WorkFail) else packet.payload


def _late_end(broker: Broker, session: Session, packet: End) -> None:
    """An end of a run that is not, or no longer, this connection's.

    Of one that it once had, the store decides: a success saves a run if the job is not over. It gets no ERROR, which
    would end the loop of PHP and Perl workers. Of one it never had, it is told.
    """
    known = session.ended.get(packet.handle)
    if known is None:
        _refuse(session, packet)
        return
    function, job, attempt, unique, beside = known

    def finished(word: bytes) -> None:
        if word == b"finished":
            stop_running(broker, function, packet.handle)
            relay_end(broker, packet)

    outcome = OUTCOMES[type(packet)]
    broker.store.ending.finish(
        function, job, attempt, outcome, _payload(packet), finished, unique=unique, beside=beside
    )


def stop_running(broker: Broker, function: Function, handle: bytes) -> None:
    """The job is over without this run: whoever runs it here runs it for nobody, and nobody need begin."""
    run = broker.runs.by_handle.get(handle)
    if run is not None:
        broker.runs.end(run)
    line = broker.line_of(function)
    if line is not None:
        line.unreserve([handle])


def _run_of(session: Session, packet: WorkData | WorkWarning | WorkStatus) -> Run | None:
    run = session.runs.get(packet.handle)
    if run is None and packet.handle not in session.ended:
        _refuse(session, packet)
    return run


def _refuse(session: Session, packet: WorkData | WorkWarning | WorkStatus | End) -> None:
    if isinstance(packet, WorkFail) and len(packet.handle) > MAX_HANDLE:
        session.say(HANDLE_TOO_LARGE)
    else:
        session.say(Error(ErrorCode.JOB_NOT_FOUND, NOT_FOUND[type(packet)]))


def lose(broker: Broker, runs: list[Run], manner: Manner) -> None:
    """Runs ended without a result: told function by function, newest claim first."""
    by_function: dict[bytes, tuple[Function, list[Run]]] = {}
    for run in sorted(runs, key=lambda run: -run.job.number):
        broker.runs.end(run)
        by_function.setdefault(run.job.function, (run.function, []))[1].append(run)
    for function, lost in by_function.values():
        _requeue(broker, function, lost, manner)


def _requeue(broker: Broker, function: Function, lost: list[Run], manner: Manner) -> None:
    def returned(words: list[bytes]) -> None:
        for run, word in zip(lost, words, strict=False):
            if word == b"dead":
                log.warning(
                    "job %s of %r is given up: its runs are used up (--job-retries), and the last one, too, ended "
                    "without a result",
                    run.job.handle.decode("ascii", "replace"),
                    run.job.function.decode("utf-8", "backslashreplace"),
                )
                relay_end(broker, WorkFail(run.job.handle))

    broker.store.ending.requeue(
        function, [(run.job.id, run.job.attempt) for run in lost], manner, broker.settings.job_retries, returned
    )

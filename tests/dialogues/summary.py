"""What an operator, or who writes clients and workers, will notice when this broker takes gearmand's place."""

from typing import Final, NamedTuple

__all__ = ["NOTICED", "Noticed"]


class Noticed(NamedTuple):
    """One row: a matter, how both deal with it, and why they differ."""

    matter: str
    theirs: str
    ours: str
    why: str
    shown_by: tuple[str, ...]
    """Promises of dialogues that differ, and tests as FILE::NAME."""


NOTICED: Final = (
    Noticed(
        "A kill or a restart",
        "loses queued jobs; with a persistent queue order, progress and handles, which then name other jobs",
        "keeps jobs, their order, progress and attempts; no handle is given out twice",
        "it is what this broker is for",
        (
            "tests/broker/test_what_gearmand_loses.py::test_a_thousand_jobs_keep_their_order_over_a_kill",
            "tests/broker/test_what_gearmand_loses.py"
            "::test_no_handle_is_given_out_twice_over_kills_and_an_emptied_store",
        ),
    ),
    Noticed(
        "Delayed jobs",
        "wake nobody when they are due, and hide jobs of low priority until then",
        "wake a worker when they are due, and hide nothing",
        "a worker that sleeps must not need luck",
        ("a sleeping worker is woken when a job falls due", "a job for later does not hide those of low priority"),
    ),
    Noticed(
        "Jobs for a minute of the calendar",
        "SUBMIT_JOB_SCHED is refused",
        "run once, at the next minute that matches",
        "the protocol describes it",
        ("a job that is to run at a minute of the calendar waits for it",),
    ),
    Noticed(
        "Background jobs that foreground clients join",
        "are lost when the last of these leaves",
        "stay background jobs",
        "who submits in the background relies on the handle",
        (
            "a background job is kept when the last client that joined it leaves",
            "a background submit makes the foreground job that it joins a background job",
        ),
    ),
    Noticed(
        "Abandoned and cancelled jobs",
        "stay in listings and count against limits until a worker looks; new submits join them and wait for ever",
        "are gone at once",
        "figures must mean something",
        (
            "a queued job that its last client leaves is gone at once",
            "a submit of the unique of an abandoned job is a job of its own",
            "a cancelled job that was queued is gone at once",
        ),
    ),
    Noticed(
        "Priorities and several functions",
        "one function is drained before the next is looked at",
        "the best priority of all functions first; functions take turns",
        "so does gearmand 2; a busy function must not starve the others",
        (
            "with two functions that have work, both are served",
            "a job of high priority goes before all others of all functions",
        ),
    ),
    Noticed(
        "Sleepers woken for a job",
        "all of them, unless -w says less",
        "one, unless -w says more",
        "all but one would find nothing",
        ("a job wakes as many sleepers as the servers think fit",),
    ),
    Noticed(
        "A worker that sleeps before it ever asked",
        "sleeps",
        "gets one NOOP",
        "what other brokers left is found by asking for it",
        ("a worker that goes to sleep before it ever asked is woken to ask",),
    ),
    Noticed(
        "Time limits",
        "one timer for each connection, which may hit the wrong job",
        "one for each run; a late result is taken if it is the first",
        "a result that is there saves a run",
        (
            "each run has a limit of its own",
            "the late result of a run that took too long and that another worker repeats",
        ),
    ),
    Noticed(
        "-j 0",
        "runs without end",
        "one run; -1 is without end",
        "so does gearmand after 2.0.0",
        ("with -j 0 a job has no second run",),
    ),
    Noticed(
        "What a worker says too late",
        "gets an ERROR",
        "gets nothing",
        "an ERROR ends the loops of PHP and Perl workers",
        ("what a worker says of a job that it has ended reaches nobody",),
    ),
    Noticed(
        "Failures",
        "WORK_FAIL may have a NUL behind the handle",
        "is exactly the handle",
        "clients of libgearman wait for ever otherwise",
        ("a client that did not ask for exceptions is told that the job failed",),
    ),
    Noticed(
        "Malformed and oversized input",
        "hangs up without a word, waits, or crashes",
        "an ERROR that says what is wrong, then the end of the connection; 64 MiB at most",
        "mistakes should be found by who makes them, and harm nobody else",
        (
            "a packet with a missing argument is refused",
            "a body of more than 64 MiB is refused when its header is there",
        ),
    ),
    Noticed(
        "Questions with too long a key",
        "get no answer",
        "are answered: unknown",
        "who asks must not wait for ever",
        ("a handle longer than any handle is unknown",),
    ),
    Noticed(
        "Uniques of 64 bytes",
        "are cut to 63, and spoil the payload",
        "are kept whole",
        "the protocol allows them",
        ("a unique of 64 bytes keeps all of them",),
    ),
    Noticed(
        "CAN_DO said twice",
        "is two workers",
        "is one",
        "one connection is one worker",
        ("CAN_DO said twice counts once",),
    ),
    Noticed(
        "The end of the sending side, as by `nc -N`",
        "loses the reply",
        "is answered",
        "what was asked is answered",
        ("who shuts down its sending side behind a command is answered",),
    ),
    Noticed(
        "`drop function`, `create function`",
        "loses queued jobs, upper and lower case, and a last letter",
        "loses nothing",
        "an administrator's slip must not cost jobs",
        ("a function with queued jobs cannot be dropped", "create function on a line that ends in LF alone"),
    ),
    Noticed(
        "Line ends and tabs in names, ids and uniques",
        "make rows and fields of their own in listings",
        "are shown as `_`",
        "who reads a listing must not be told of jobs that are not there",
        (
            "a function with a line end in its name is one row everywhere",
            "a function with a tab in its name has no more fields than others",
            "a client id with a line end in the listing of workers",
            "a unique with a line end is one line in show unique jobs",
        ),
    ),
    Noticed(
        "`shutdown`",
        "was taken away in 1.1.15",
        "works, from the loopback interface",
        "scripts use it",
        ("shutdown stops the server",),
    ),
)

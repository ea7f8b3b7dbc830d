"""What in gearmand 1.1.20 is a bug or a trap and is not copied, numbered, each with what shows it.

A number is a name: tests, commits and people refer to it, so none is given a second time.
"""

from typing import Final, NamedTuple

__all__ = ["BUGS", "Bug"]


class Bug(NamedTuple):
    """One row."""

    number: int
    theirs: str
    """What gearmand does."""
    ours: str
    shown_by: tuple[str, ...]
    """Promises of dialogues, and tests as FILE::NAME."""


BUGS: Final = (
    Bug(
        1,
        "A background job is lost when a client that joined it by its unique leaves.",
        "Background never turns back: only jobs that are for their clients alone go with them.",
        (
            "a background job is kept when the last client that joined it leaves",
            "a background job that runs is run again when its worker is lost, though a client that joined it has left",
        ),
    ),
    Bug(
        2,
        "A background submit that joins a foreground job gets a handle, and the job goes with the foreground client.",
        "The job becomes a background job.",
        (
            "a background submit makes the foreground job that it joins a background job",
            "a background submit makes the foreground job that it joins while it runs a background job",
            "tests/broker/test_what_gearmand_loses.py"
            "::test_a_foreground_job_that_a_background_submit_has_joined_survives_a_kill",
        ),
    ),
    Bug(
        3,
        "A submit with the unique of an abandoned or cancelled job joins what is thrown away, and waits for ever.",
        "Such a job is gone at once, and its unique is free; who comes back to a running one keeps it.",
        (
            "a submit of the unique of an abandoned job is a job of its own",
            "a new submit of a cancelled job's unique is a job of its own",
            "a job whose first client left while it ran is run again for the one that came back",
        ),
    ),
    Bug(
        4,
        "A delayed job wakes workers when it is submitted, and nobody when it is due.",
        "It wakes one when it is due, at whichever broker.",
        (
            "a sleeping worker is woken when a job falls due",
            "a job for later wakes nobody when it is submitted",
            "tests/broker/test_delayed.py::test_a_job_that_falls_due_wakes_a_sleeper_at_another_broker",
        ),
    ),
    Bug(
        5,
        "A worker that answers NOOP by PRE_SLEEP is never woken again; jobs pile up behind a NOOP to a dead peer.",
        "A wake that is not followed up is passed on, and forgotten.",
        (
            "a worker that answers a NOOP with PRE_SLEEP is woken again",
            "a job behind a NOOP to a peer that left is not forgotten",
        ),
    ),
    Bug(
        6,
        "CAN_DO on a sleeping connection does not look for waiting jobs.",
        "It does.",
        ("a sleeper that learns a function afterwards is woken for jobs that wait already",),
    ),
    Bug(
        7,
        "A delayed job hides runnable ones of low priority; server and worker go round in circles.",
        "Jobs that are not due stand in no queue, so they hide nothing.",
        (
            "a job for later does not hide those of low priority",
            "a worker that goes to sleep beside a job for later sleeps",
            "tests/broker/test_delayed.py::test_jobs_that_are_not_due_hide_none_that_can_run",
        ),
    ),
    Bug(
        8,
        "One timer for each connection, bound to its first job and not stopped by its end.",
        "A limit for each run, from its assignment to its end.",
        (
            "each run has a limit of its own",
            "the limit of a run that is over counts no more",
            "the limit of one run does not take away the next",
        ),
    ),
    Bug(
        9,
        "A time limit beyond 64 bits crashes the server.",
        "It is refused.",
        ("a number beyond 64 bits is refused",),
    ),
    Bug(
        10,
        "The WORK_FAIL that stands for an exception has a NUL behind the handle: clients wait for ever or die.",
        "The handle and nothing else.",
        (
            "a client that did not ask for exceptions is told that the job failed",
            "each client of a job gets what it asked for",
            "a stray NUL behind the handle of a failure",
        ),
    ),
    Bug(
        11,
        "An ERROR for what a worker says too late ends the loops of PHP and Perl workers.",
        "No ERROR to a connection that once had the job.",
        (
            "what a worker says of a job that it has ended reaches nobody",
            "what a worker says of a job that RESET_ABILITIES took from it reaches nobody",
            "a failure behind an exception, as Perl workers send it, does no harm",
            "the late result of a run that took too long and that another worker repeats",
            "a result of a run that was given back, and that nobody else has begun",
        ),
    ),
    Bug(
        12,
        "CAN_DO said twice counts as two workers.",
        "As one, with its place among the functions; the last time limit counts.",
        (
            "CAN_DO said twice counts once",
            "the turn of a function whose CAN_DO is repeated",
            "the limit said last counts",
        ),
    ),
    Bug(
        13,
        "`create function` on a line that ends in LF alone loses the last letter of the name.",
        "The line end is not part of the name, whichever it is.",
        ("create function on a line that ends in LF alone",),
    ),
    Bug(
        14,
        "`drop function` drops a function that has queued jobs, and one whose name is spelled in another case.",
        "It is refused while there are jobs; names are compared letter by letter.",
        ("a function with queued jobs cannot be dropped", "drop function tells upper from lower case"),
    ),
    Bug(
        15,
        "A unique of 64 bytes is kept as 63: it never coalesces, and the payload gains a NUL.",
        "All 64 are kept.",
        ("a unique of 64 bytes keeps all of them",),
    ),
    Bug(
        16,
        "The client of a cancelled running job is sent WORK_FAIL, and then its result; a queued one goes on counting.",
        "A client that was told the end is told nothing more, and a queued job is gone at once.",
        (
            "the result of a job that was cancelled while it ran",
            "a cancelled job that was queued is gone at once",
            "a cancelled job does not count against a limit",
        ),
    ),
    Bug(
        17,
        "A status question with a key that is too long gets no answer.",
        "The answer is: unknown.",
        ("a handle longer than any handle is unknown", "a unique longer than any is unknown"),
    ),
    Bug(
        18,
        "Handles begin at 1 after a restart: an old one may name a stranger's job.",
        "No handle is given out twice, also after the store was emptied.",
        (
            "tests/broker/test_what_gearmand_loses.py"
            "::test_no_handle_is_given_out_twice_over_kills_and_an_emptied_store",
        ),
    ),
    Bug(
        19,
        "Stores know a job by function and unique: without a unique, or with `-`, one overwrites the other.",
        "Each job has an id of its own.",
        ("tests/broker/test_what_gearmand_loses.py::test_jobs_without_a_unique_or_with_a_hyphen_all_survive_a_kill",),
    ),
    Bug(
        20,
        "The reply to who shuts down its sending side (`nc -N`) is lost.",
        "What was asked is answered, then the connection is closed.",
        (
            "who shuts down its sending side behind a command is answered",
            "who shuts down its sending side behind a submit is answered",
            "tests/broker/test_sessions.py::test_requests_before_a_half_close_are_all_answered",
        ),
    ),
    Bug(
        21,
        "What a header declares is allocated, what a client does not read is kept, and a packet may take for ever.",
        "`--max-packet`, `--outbox-limit` and `--packet-timeout`.",
        (
            "a body of more than 64 MiB is refused when its header is there",
            "tests/broker/test_faults_reading.py::test_who_asks_without_reading_the_answers_is_dropped",
            "tests/broker/test_faults_bytes.py::test_a_packet_that_is_begun_and_not_ended_ends_the_connection",
        ),
    ),
    Bug(
        22,
        "A missing argument is taken from the next packet.",
        "A body ends where its header says: ERROR, and the connection is closed.",
        (
            "a packet with a missing argument is refused",
            "a time limit that is missing is refused",
            "a job with a reducer and only four arguments, as the published protocol has it, is refused",
        ),
    ),
    Bug(
        23,
        "One function is drained before the HIGH jobs of the next are looked at.",
        "The best priority of all functions first, and functions take turns, as in gearmand 2.",
        (
            "a job of high priority goes before all others of all functions",
            "a job of low priority waits for the others of all functions",
            "with two functions that have work, both are served",
        ),
    ),
    Bug(
        24,
        "`-j 0` is without end, and 256 is 0.",
        "-1 is without end, 0 is one run; what is out of bounds is refused at the start.",
        (
            "with -j 0 a job has no second run",
            "a job is tried without end",
            "with -j 2 a job has two runs",
            "tests/broker/test_settings.py::test_a_wrong_value_is_refused",
        ),
    ),
    Bug(
        25,
        "A job whose worker was lost goes to the tail: it may starve, and blocks nobody.",
        "The same, on purpose: it may be what kills workers. What a broker lost goes back to the head.",
        (
            "a lost job goes to the tail of its queue",
            "tests/broker/test_stopping.py::test_a_job_that_does_not_end_goes_to_another_broker_uncharged",
        ),
    ),
    Bug(
        26,
        "Out of file descriptors, it tries to accept in a loop without a pause.",
        "It pauses and says so, and serves who waits when there is room.",
        (
            "tests/broker/test_accepting.py::test_without_descriptors_accepting_pauses_and_goes_on_when_there_are_some",
            "tests/broker/test_sessions.py::test_more_connections_than_allowed_wait_for_their_turn",
        ),
    ),
    Bug(
        27,
        "WORK_EXCEPTION behind WORK_COMPLETE crashed older servers, and gets an ERROR from this one.",
        "It reaches nobody and does no harm.",
        ("an exception behind a result reaches nobody",),
    ),
    Bug(
        28,
        "A sleeper was said to be woken twice when it repeats CAN_DO and PRE_SLEEP.",
        "One NOOP for each sleep.",
        (
            "PRE_SLEEP said twice makes one NOOP",
            "a worker whose PRE_SLEEP was answered by a NOOP hears no other before it asks",
        ),
    ),
    Bug(
        29,
        "A worker of libgearman loses its id when it connects again, and `while ($w->work())` ends at a restart.",
        "No server can help that. A restart is quick, a worker that loops on is served, and the README shows the loop.",
        ("tests/interop/test_ten_kills.py::test_every_job_is_done_though_the_broker_is_killed_ten_times",),
    ),
)

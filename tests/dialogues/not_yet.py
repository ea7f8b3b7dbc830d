"""What our broker does not do yet: dialogues that must fail on it until somebody takes them from this list."""

from typing import Final

COMMAND: Final = "the command is missing: {}"


def _missing(command: str, *promises: str) -> dict[str, str]:
    return dict.fromkeys(promises, COMMAND.format(command))


NOT_YET: Final[dict[str, str]] = {
    "a longer line ends the connection": "a fault in a line of text is answered by a packet, not by a line",
    "a sixth word ends the connection": "a fault in a line of text is answered by a packet, not by a line",
    "listings keep their place among the answers": "status counts what was submitted behind it on the connection, too",
    **_missing(
        "prioritystatus",
        "a job for later is counted among those of normal priority",
        "prioritystatus counts queued jobs by priority, and workers",
        "prioritystatus does not count what runs",
    ),
    **_missing(
        "show jobs, show unique jobs",
        "a job for later is listed as a queued background job",
        "the requeues of a job are counted in its listing",
        "show jobs lists handle, requeues, whether it is to be ignored, and whether it is a background job",
        "show jobs lists what runs, and not what is over",
        "an abandoned job in show jobs",
        "show unique jobs lists the uniques of all jobs",
        "a job without a unique is an empty line in show unique jobs",
        "a job that was submitted with a hyphen is a hyphen in show unique jobs",
        "show jobs and show unique jobs of a server that nobody has used are a dot",
        "show with other words is refused",
        "command words are understood in any case",
        "several blanks between words are one",
    ),
    **_missing("getpid", "getpid tells the number of the process"),
    **_missing(
        "verbose", "verbose tells what is logged", "unless told otherwise, errors are logged, and what leads to them"
    ),
    **_missing(
        "cancel job",
        "cancel job ends a queued job, and its client is told",
        "cancel job ends a background job that is queued",
        "cancel job tells all clients that wait for it",
        "a cancelled job that was queued is gone at once",
        "the result of a job that was cancelled while it ran",
        "a new submit of a cancelled job's unique is a job of its own",
        "a job that nobody knows cannot be cancelled",
        "cancel wakes nobody",
        "cancel with other words is refused",
    ),
    **_missing(
        "create function, drop function",
        "create function makes a function known, also if it is known already",
        "create function on a line that ends in LF alone",
        "drop function forgets a function",
        "a function that nobody knows cannot be dropped",
        "a function with workers cannot be dropped",
        "a function with queued jobs cannot be dropped",
        "drop function tells upper from lower case",
        "create and drop with the wrong words are refused",
        "a limit is lost with its function",
    ),
    **_missing(
        "maxqueue",
        "a full queue refuses jobs, and the connection stays",
        "a queue that was full takes jobs again when one is over",
        "what runs counts, too",
        "a job that joins another is let in",
        "a job that goes back to a full queue is let in",
        "three numbers are limits for high, normal and low priority, against all jobs of the function",
        "two numbers leave low priority without a limit",
        "without a number the limits are lifted",
        "zero, less than zero and no number are no limit",
        "a limit set before the function is known",
        "the name of the function tells upper from lower case",
        "maxqueue without a function is refused",
        "what will not run does not count against a limit",
    ),
    **_missing(
        "shutdown",
        "shutdown stops the server",
        "shutdown graceful waits for what runs, then stops the server",
    ),
}
"""Promise of the dialogue -> what is missing."""

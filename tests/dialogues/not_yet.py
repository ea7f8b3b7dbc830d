"""What our broker does not do yet: dialogues that must fail on it until somebody takes them from this list."""

from typing import Final

NOT_YET: Final[dict[str, str]] = {
    "a job that is to run at a minute of the calendar waits for it": "SUBMIT_JOB_SCHED is refused",
    "of jobs with one unique in several functions, the newest is told of": "any of them is told of",
}
"""Promise of the dialogue -> what is missing."""

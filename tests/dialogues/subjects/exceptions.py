"""Exceptions: WORK_EXCEPTION, and OPTION_REQ exceptions."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a client that asked for exceptions gets them, and no failure behind them",
        r"""
        client > OPTION_REQ exceptions
        client < OPTION_RES exceptions
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oh\0no
        client < WORK_EXCEPTION {H} oh\0no
        client < nothing
        """,
    ),
    Dialogue(
        "a client that did not ask for exceptions is told that the job failed",
        r"""
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oops
        gearmand: client < WORK_FAIL {H}\0
        ours: client < WORK_FAIL {H}
        """,
        because="gearmand puts a NUL behind the handle: clients of libgearman wait for ever, Perl's die.",
    ),
    Dialogue(
        "each client of a job gets what it asked for",
        r"""
        anna > OPTION_REQ exceptions
        anna < OPTION_RES exceptions
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oops
        anna < WORK_EXCEPTION {H} oops
        gearmand: bert < WORK_FAIL {H}\0
        ours: bert < WORK_FAIL {H}
        """,
        because="gearmand puts a NUL behind the handle: clients of libgearman wait for ever, Perl's die.",
    ),
    Dialogue(
        "an exception ends the job",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oops
        client > GET_STATUS {H}
        client < STATUS_RES {H} 0 0 0 0
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "the option counts for jobs that the connection submitted before, too",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        client > OPTION_REQ exceptions
        client < OPTION_RES exceptions
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oops
        client < WORK_EXCEPTION {H} oops
        """,
    ),
    Dialogue(
        "an empty exception is one",
        """
        client > OPTION_REQ exceptions
        client < OPTION_RES exceptions
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} ''
        client < WORK_EXCEPTION {H} ''
        """,
    ),
    Dialogue(
        "a failure behind an exception, as Perl workers send it, does no harm",
        """
        client > OPTION_REQ exceptions
        client < OPTION_RES exceptions
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oops + WORK_FAIL {H}
        client < WORK_EXCEPTION {H} oops
        client < nothing
        gearmand: worker < ERROR JOB_NOT_FOUND Job given in work result not found
        worker < nothing
        """,
        because="An ERROR ends the loops of PHP and Perl workers; a worker that was once given the job gets none.",
    ),
    Dialogue(
        "with --exceptions every client gets exceptions",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oops
        client < WORK_EXCEPTION {H} oops
        """,
        flags=("--exceptions",),
    ),
    Dialogue(
        "a client that joined a background job gets its exception",
        """
        bert > OPTION_REQ exceptions
        bert < OPTION_RES exceptions
        anna > SUBMIT_JOB_BG {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_EXCEPTION {H} oops
        bert < WORK_EXCEPTION {H} oops
        anna < nothing
        """,
    ),
)

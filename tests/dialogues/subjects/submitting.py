"""Submitting: from SUBMIT_JOB to JOB_CREATED."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a foreground job is created, given to the worker that asks, and its result reaches the client",
        """
        client > SUBMIT_JOB {f} {u} hello
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} hello
        worker > WORK_COMPLETE {H} olleh
        client < WORK_COMPLETE {H} olleh
        """,
    ),
    Dialogue(
        "a background job is created and run, and its client hears of nothing",
        """
        client > SUBMIT_JOB_BG {f} {u} hello
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} hello
        worker > WORK_DATA {H} o + WORK_WARNING {H} careful + WORK_STATUS {H} 1 2 + WORK_COMPLETE {H} olleh
        client < nothing
        """,
    ),
    Dialogue(
        "who submits a background job hears nothing of its failure, nor of its exception",
        """
        client > OPTION_REQ exceptions
        client < OPTION_RES exceptions
        client > SUBMIT_JOB_BG {f} '' one + SUBMIT_JOB_BG {f} '' two
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} one + JOB_ASSIGN {I} {f} two
        worker > WORK_FAIL {H} + WORK_EXCEPTION {I} oops
        client < nothing
        """,
    ),
    Dialogue(
        "every foreground packet creates a job of its priority",
        """
        client > SUBMIT_JOB {f} '' normal
        client < JOB_CREATED {N}
        client > SUBMIT_JOB_HIGH {f} '' high
        client < JOB_CREATED {H}
        client > SUBMIT_JOB_LOW {f} '' low
        client < JOB_CREATED {L}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} high + JOB_ASSIGN {N} {f} normal + JOB_ASSIGN {L} {f} low
        worker > WORK_COMPLETE {L} 3 + WORK_COMPLETE {N} 2 + WORK_COMPLETE {H} 1
        client < WORK_COMPLETE {L} 3 + WORK_COMPLETE {N} 2 + WORK_COMPLETE {H} 1
        """,
    ),
    Dialogue(
        "every background packet creates a job of its priority",
        """
        client > SUBMIT_JOB_BG {f} '' normal
        client < JOB_CREATED {N}
        client > SUBMIT_JOB_LOW_BG {f} '' low
        client < JOB_CREATED {L}
        client > SUBMIT_JOB_HIGH_BG {f} '' high
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} high + JOB_ASSIGN {N} {f} normal + JOB_ASSIGN {L} {f} low
        worker > WORK_COMPLETE {L} 3 + WORK_COMPLETE {N} 2 + WORK_COMPLETE {H} 1
        client < nothing
        """,
    ),
    Dialogue(
        "every job has a handle of its own",
        """
        client > SUBMIT_JOB_BG {f} '' same + SUBMIT_JOB_BG {f} '' same
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} same
        worker > GRAB_JOB
        worker < JOB_ASSIGN {I} {f} same
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a handle begins with H and a colon",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED H:*
        """,
    ),
    Dialogue(
        "a handle begins with the prefix that the command line gives",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED mill*
        """,
        flags=("--job-handle-prefix=mill",),
    ),
    Dialogue(
        "a payload may be empty",
        """
        client > SUBMIT_JOB {f} {u} ''
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} ''
        worker > WORK_COMPLETE {H} ''
        client < WORK_COMPLETE {H} ''
        """,
    ),
    Dialogue(
        "a payload may hold any byte, and so may a result",
        r"""
        client > SUBMIT_JOB {f} {u} a\0\0b\n\xff\0
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} a\0\0b\n\xff\0
        worker > WORK_COMPLETE {H} \0\xff\r\n\0
        client < WORK_COMPLETE {H} \0\xff\r\n\0
        """,
    ),
    Dialogue(
        "a payload of a million bytes arrives whole",
        """
        client > SUBMIT_JOB {f} {u} {x*1000000}
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {H} {f} {u} {x*1000000}
        worker > WORK_COMPLETE {H} {y*1000000}
        client < WORK_COMPLETE {H} {y*1000000}
        """,
    ),
    Dialogue(
        "a function may have any name without a NUL",
        r"""
        client > SUBMIT_JOB_BG {f}\s\t\xe4! {u} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f}\s\t\xe4! + GRAB_JOB
        worker < JOB_ASSIGN {H} {f}\s\t\xe4! x
        """,
    ),
    Dialogue(
        "function names tell upper from lower case",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f:upper} + GRAB_JOB
        worker < NO_JOB
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a background job outlives the connection that submitted it",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        client > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a background job is kept though its client hangs up without waiting for the answer",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "JOB_CREATED comes before anything else of the job, also on a connection that does the work itself",
        """
        both > CAN_DO {f} + SUBMIT_JOB {f} {u} x + GRAB_JOB
        both < JOB_CREATED {H} + JOB_ASSIGN {H} {f} x
        both > WORK_DATA {H} half + WORK_COMPLETE {H} whole
        both < WORK_DATA {H} half + WORK_COMPLETE {H} whole
        """,
    ),
    Dialogue(
        "a job that is to run at a minute of the calendar waits for it",
        """
        client > SUBMIT_JOB_SCHED {f} {u} 30 12 1 {month} 2 x
        gearmand: client < ERROR INVALID_COMMAND Command not expected
        ours: client < JOB_CREATED {H}
        ours: client > GET_STATUS {H}
        ours: client < STATUS_RES {H} 1 0 0 0
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
        because="The protocol describes SUBMIT_JOB_SCHED; gearmand never implemented it.",
    ),
    Dialogue(
        "a job that is to run at a minute of the calendar and has wrong fields is refused",
        """
        client > SUBMIT_JOB_SCHED {f} {u} 60 0 1 1 0 x + SUBMIT_JOB_SCHED {f} {u} 0 0 31 4 '' x
        gearmand: client < ERROR INVALID_COMMAND Command not expected + ERROR INVALID_COMMAND Command not expected
        ours: client < ERROR INVALID_ARGUMENTS * + ERROR INVALID_ARGUMENTS *
        client > SUBMIT_JOB_SCHED {f} {u} */5 * * * * x
        gearmand: client < ERROR INVALID_COMMAND Command not expected
        ours: client < ERROR INVALID_ARGUMENTS *
        client > GET_STATUS_UNIQUE {u}
        client < STATUS_RES_UNIQUE {u} 0 0 0 0 0
        """,
        because="The protocol describes SUBMIT_JOB_SCHED; gearmand never implemented it.",
    ),
    Dialogue(
        "a job that is to run at a minute of the calendar coalesces like any other, and * and nothing are any",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        client > SUBMIT_JOB_SCHED {f} {u} * '' * '' * y
        gearmand: client < ERROR INVALID_COMMAND Command not expected
        ours: client < JOB_CREATED {H}
        """,
        because="The protocol describes SUBMIT_JOB_SCHED; gearmand never implemented it.",
    ),
)

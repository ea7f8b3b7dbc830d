"""Abilities: CAN_DO, CANT_DO, RESET_ABILITIES."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a worker is given jobs of the functions it can do, and of no others",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {g} + GRAB_JOB
        worker < NO_JOB
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "CAN_DO has no answer",
        """
        worker > CAN_DO {f} + CAN_DO_TIMEOUT {g} 5000
        worker < nothing
        """,
    ),
    Dialogue(
        "CAN_DO makes a function known",
        r"""
        worker > CAN_DO {f}
        worker < nothing
        admin > text status
        admin < list {f}\t0\t0\t1
        """,
    ),
    Dialogue(
        "a function stays known when its last worker has left",
        r"""
        worker > CAN_DO {f}
        worker > hang up
        admin > text status
        admin < list {f}\t0\t0\t0
        """,
    ),
    Dialogue(
        "CAN_DO said twice counts once",
        r"""
        worker > CAN_DO {f} + CAN_DO {f} + SET_CLIENT_ID {id}
        worker < nothing
        admin > text status
        gearmand: admin < list {f}\t0\t0\t2
        ours: admin < list {f}\t0\t0\t1
        admin > text workers
        gearmand: admin < list * 127.0.0.1 {id} : {f} {f}
        ours: admin < list * 127.0.0.1 {id} : {f}
        """,
        because="One connection is one worker, however often it says what it can do.",
    ),
    Dialogue(
        "CANT_DO ends what CAN_DO began",
        r"""
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + CANT_DO {f} + GRAB_JOB
        worker < NO_JOB
        admin > text status
        admin < list {f}\t1\t0\t0
        """,
    ),
    Dialogue(
        "CANT_DO leaves the other functions alone",
        """
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {g} '' y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + CAN_DO {g} + CANT_DO {g} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "CANT_DO of a function never mentioned is ignored",
        """
        worker > CANT_DO {f}
        worker < nothing
        """,
    ),
    Dialogue(
        "a worker that can do a function again gets its jobs again",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + CANT_DO {f} + CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "CANT_DO gives back what the worker runs of that function",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > CANT_DO {f}
        other > CAN_DO {f} + GRAB_JOB
        other < JOB_ASSIGN {H} {f} x
        other > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "CANT_DO wakes those who sleep, for what it gives back",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        other > CAN_DO {f} + GRAB_JOB
        other < NO_JOB
        other > PRE_SLEEP
        worker > CANT_DO {f}
        other < NOOP
        other > GRAB_JOB
        other < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a run given back by CANT_DO counts as an attempt",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > CANT_DO {f}
        client < WORK_FAIL {H}
        """,
        flags=("--job-retries=1",),
    ),
    Dialogue(
        "RESET_ABILITIES ends all that CAN_DO began, and gives back all that runs",
        """
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {g} '' y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {g} + CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x + JOB_ASSIGN {I} {g} y
        worker > RESET_ABILITIES + GRAB_JOB
        worker < NO_JOB
        other > CAN_DO {g} + CAN_DO {f} + GRAB_JOB + GRAB_JOB
        other < JOB_ASSIGN {H} {f} x + JOB_ASSIGN {I} {g} y
        """,
    ),
    Dialogue(
        "a worker without functions is given nothing",
        """
        worker > GRAB_JOB + GRAB_JOB_UNIQ + GRAB_JOB_ALL
        worker < NO_JOB + NO_JOB + NO_JOB
        """,
    ),
    Dialogue(
        "a connection that works may submit, too, and run its own job",
        """
        both > CAN_DO {f} + SUBMIT_JOB {f} {u} x
        both < JOB_CREATED {H}
        both > GRAB_JOB
        both < JOB_ASSIGN {H} {f} x
        both > WORK_COMPLETE {H} r
        both < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "the listing of workers names connection, address, client id and functions, the newest first",
        """
        worker > SET_CLIENT_ID {id} + CAN_DO {f} + CAN_DO {g}
        worker < nothing
        admin > text workers
        admin < list * 127.0.0.1 {id} : {g} {f}
        """,
    ),
    Dialogue(
        "a connection without functions is listed with nothing behind its colon",
        """
        worker > SET_CLIENT_ID {id}
        worker < nothing
        admin > text workers
        admin < list * 127.0.0.1 {id} :
        """,
    ),
    Dialogue(
        "who gave no client id is listed with a hyphen, who asks included",
        """
        worker > CAN_DO {f}
        worker < nothing
        admin > CAN_DO {g} + text workers
        admin < list * 127.0.0.1 - : {f} / * 127.0.0.1 - : {g}
        """,
    ),
    Dialogue(
        "a client id may be changed, and two connections may have the same",
        """
        worker > SET_CLIENT_ID before + SET_CLIENT_ID {id} + CAN_DO {f}
        other > SET_CLIENT_ID {id} + CAN_DO {g}
        other < nothing
        admin > text workers
        admin < list * 127.0.0.1 {id} : {f} / * 127.0.0.1 {id} : {g}
        """,
    ),
    Dialogue(
        "a stray NUL behind the name of a function",
        r"""
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f}\0 + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        ours: worker > CANT_DO {f}\0 + GRAB_JOB
        ours: worker < NO_JOB
        """,
        because="gearmand takes the NUL for a letter of the name, and no client can submit to such a function. "
        "Elsewhere a NUL ends a name, for both.",
    ),
    Dialogue(
        "what a worker says of a job that RESET_ABILITIES took from it reaches nobody",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > RESET_ABILITIES + WORK_DATA {H} d + WORK_STATUS {H} 1 2
        gearmand: worker < ERROR JOB_NOT_FOUND Job does not exist on server
        gearmand: worker < ERROR JOB_NOT_FOUND Job given in work result not found
        worker < nothing
        client < nothing
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 0 0 0
        """,
        because="An ERROR ends the loops of PHP and Perl workers; a worker that was once given the job gets none.",
    ),
    Dialogue(
        "what a worker says of its abilities does not touch what it runs",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > CAN_DO {f} + CAN_DO_TIMEOUT {f} 60000 + CAN_DO {g} + CANT_DO {g}
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
)

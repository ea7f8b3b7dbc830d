"""Workers that are lost: what becomes of their jobs."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "the job of a worker that hangs up is given to the next, and its client notices nothing",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        client < nothing
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a background job is given to the next, too",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "data of a lost run is not taken back, and the next run may repeat it",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > WORK_DATA {H} part
        client < WORK_DATA {H} part
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_DATA {H} part + WORK_COMPLETE {H} r
        client < WORK_DATA {H} part + WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a lost job goes to the tail of its queue",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {A} {f} 1
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {B} {f} 2 + JOB_ASSIGN {A} {f} 1
        """,
    ),
    Dialogue(
        "of several jobs of a lost worker, the one it took last is queued first",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2 + SUBMIT_JOB_BG {f} '' 3
        client < JOB_CREATED {A} + JOB_CREATED {B} + JOB_CREATED {C}
        lost > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        lost < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2 + JOB_ASSIGN {C} {f} 3
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {C} {f} 3 + JOB_ASSIGN {B} {f} 2 + JOB_ASSIGN {A} {f} 1
        """,
    ),
    Dialogue(
        "the progress of a lost run is forgotten",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > WORK_STATUS {H} 3 4
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 3 4
        lost > hang up
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 0 0 0
        """,
    ),
    Dialogue(
        "a job is tried without end",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > CANT_DO {f} + CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > CANT_DO {f} + CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "with -j 1 a job is run once, and fails if its worker is lost",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        client < WORK_FAIL {H}
        client > GET_STATUS {H}
        client < STATUS_RES {H} 0 0 0 0
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
        flags=("--job-retries=1",),
    ),
    Dialogue(
        "with -j 1 a background job whose worker is lost is not queued again",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        client > GET_STATUS {H}
        client < STATUS_RES {H} 0 0 0 0
        """,
        flags=("--job-retries=1",),
    ),
    Dialogue(
        "with -j 2 a job has two runs",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        anna > CAN_DO {f} + GRAB_JOB
        anna < JOB_ASSIGN {H} {f} x
        anna > hang up
        bert > CAN_DO {f} + GRAB_JOB
        bert < JOB_ASSIGN {H} {f} x
        client < nothing
        bert > hang up
        client < WORK_FAIL {H}
        """,
        flags=("--job-retries=2",),
    ),
    Dialogue(
        "with -j 0 a job has no second run",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        ours: client < WORK_FAIL {H}
        gearmand: worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < JOB_ASSIGN {H} {f} x
        """,
        because="In gearmand 1.1.20 zero means without end. Here it means what it says, and -1 is without end, as in "
        "gearmand after 2.0.0.",
        flags=("--job-retries=0",),
    ),
    Dialogue(
        "a job that its worker has failed is not tried again",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2
        worker > WORK_FAIL {A} + WORK_EXCEPTION {B} oops + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a result is kept though its worker hangs up right behind it",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        worker > hang up
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "the requeues of a job are counted in its listing",
        r"""
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        client > text show jobs
        client < list {H}\t1\t0\t1
        """,
    ),
    Dialogue(
        "with -j 2 runs given back by CANT_DO and RESET_ABILITIES count like lost ones",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > CANT_DO {f} + CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        client < nothing
        worker > RESET_ABILITIES
        client < WORK_FAIL {H}
        """,
        flags=("--job-retries=2",),
    ),
)

"""Map and reduce: SUBMIT_REDUCE_JOB and JOB_ASSIGN_ALL."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a job with a reducer is given with it to GRAB_JOB_ALL",
        """
        client > SUBMIT_REDUCE_JOB {f} {u} {g} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL {H} {f} {u} {g} x
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a background job with a reducer reports to nobody",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u} {g} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL {H} {f} {u} {g} x
        worker > WORK_COMPLETE {H} r
        client < nothing
        """,
    ),
    Dialogue(
        "the fourth argument of a job with a reducer is ignored",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u} {g} whatever x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL {H} {f} {u} {g} x
        """,
    ),
    Dialogue(
        "GRAB_JOB and GRAB_JOB_UNIQ do not tell of a reducer",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u} {g} '' one + SUBMIT_REDUCE_JOB_BACKGROUND {f} {v} {g} '' two
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} one
        worker > GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {I} {f} {v} two
        """,
    ),
    Dialogue(
        "an empty reducer is none",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u} '' '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_UNIQ {H} {f} {u} x
        """,
    ),
    Dialogue(
        "jobs with a reducer coalesce by their unique",
        """
        anna > SUBMIT_REDUCE_JOB {f} {u} {g} '' x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL {H} {f} {u} {g} x
        worker > WORK_COMPLETE {H} r
        anna < WORK_COMPLETE {H} r
        bert < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a job with a reducer has normal priority",
        """
        client > SUBMIT_JOB_LOW_BG {f} '' low
        client < JOB_CREATED {L}
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} '' {g} '' reduce
        client < JOB_CREATED {N}
        client > SUBMIT_JOB_HIGH_BG {f} '' high
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL + GRAB_JOB_ALL + GRAB_JOB_ALL
        worker < JOB_ASSIGN_UNIQ {H} {f} '' high + JOB_ASSIGN_ALL {N} {f} '' {g} reduce
        worker < JOB_ASSIGN_UNIQ {L} {f} '' low
        """,
    ),
    Dialogue(
        "a reducer keeps with its job when that is queued again",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u} {g} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB_ALL
        lost < JOB_ASSIGN_ALL {H} {f} {u} {g} x
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL {H} {f} {u} {g} x
        """,
    ),
)

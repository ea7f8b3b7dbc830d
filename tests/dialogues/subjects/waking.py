"""Waking: which of several workers hear NOOP, and what becomes of one in vain."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a job wakes as many sleepers as the servers think fit",
        """
        anna > CAN_DO {f} + GRAB_JOB
        anna < NO_JOB
        anna > PRE_SLEEP
        bert > CAN_DO {f} + GRAB_JOB
        bert < NO_JOB
        bert > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        anna < NOOP
        gearmand: bert < NOOP
        anna > GRAB_JOB
        anna < JOB_ASSIGN {H} {f} x
        gearmand: bert > GRAB_JOB
        gearmand: bert < NO_JOB
        """,
        because="gearmand wakes all who sleep, for a job that one of them gets. Here -w is 1 unless told otherwise: "
        "one sleeper for each job, and its turn passes on if it does not come.",
    ),
    Dialogue(
        "with -w 0 a job wakes all sleepers",
        """
        anna > CAN_DO {f} + GRAB_JOB
        anna < NO_JOB
        anna > PRE_SLEEP
        bert > CAN_DO {f} + GRAB_JOB
        bert < NO_JOB
        bert > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        anna < NOOP
        bert < NOOP
        bert > GRAB_JOB
        bert < JOB_ASSIGN {H} {f} x
        anna > GRAB_JOB
        anna < NO_JOB
        """,
        flags=("--worker-wakeup=0",),
    ),
    Dialogue(
        "with -w 1 jobs wake the sleepers one after the other",
        """
        anna > CAN_DO {f} + GRAB_JOB
        anna < NO_JOB
        anna > PRE_SLEEP
        bert > CAN_DO {f} + GRAB_JOB
        bert < NO_JOB
        bert > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        anna < NOOP
        bert < nothing
        client > SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {I}
        bert < NOOP
        anna < nothing
        """,
        flags=("--worker-wakeup=1",),
    ),
    Dialogue(
        "with -w 1 the one that has slept longest is woken, and who sleeps again comes last",
        """
        anna > CAN_DO {f} + GRAB_JOB
        anna < NO_JOB
        anna > PRE_SLEEP
        bert > CAN_DO {f} + GRAB_JOB
        bert < NO_JOB
        bert > PRE_SLEEP
        cora > CAN_DO {f} + GRAB_JOB
        cora < NO_JOB
        cora > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' 1
        client < JOB_CREATED {A}
        anna < NOOP
        anna > GRAB_JOB
        anna < JOB_ASSIGN {A} {f} 1
        anna > WORK_COMPLETE {A} r + GRAB_JOB
        anna < NO_JOB
        anna > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {B}
        bert < NOOP
        bert > GRAB_JOB
        bert < JOB_ASSIGN {B} {f} 2
        client > SUBMIT_JOB_BG {f} '' 3
        client < JOB_CREATED {C}
        cora < NOOP
        cora > GRAB_JOB
        cora < JOB_ASSIGN {C} {f} 3
        client > SUBMIT_JOB_BG {f} '' 4
        client < JOB_CREATED {D}
        anna < NOOP
        """,
        flags=("--worker-wakeup=1",),
    ),
    Dialogue(
        "with -w 2 a job wakes two of three",
        """
        anna > CAN_DO {f} + GRAB_JOB
        anna < NO_JOB
        anna > PRE_SLEEP
        bert > CAN_DO {f} + GRAB_JOB
        bert < NO_JOB
        bert > PRE_SLEEP
        cora > CAN_DO {f} + GRAB_JOB
        cora < NO_JOB
        cora > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        anna < NOOP
        bert < NOOP
        cora < nothing
        """,
        flags=("--worker-wakeup=2",),
    ),
    Dialogue(
        "a job behind a NOOP to a peer that left is not forgotten",
        """
        lost > CAN_DO {f} + GRAB_JOB
        lost < NO_JOB
        lost > PRE_SLEEP
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        lost < NOOP
        worker < nothing
        lost > hang up
        ours: worker < NOOP
        ours: worker > GRAB_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        worker < nothing
        """,
        because="Whoever was woken and goes away passes the wake on; in gearmand the job waits beside a sleeper.",
        flags=("--worker-wakeup=1",),
    ),
    Dialogue(
        "a NOOP may find nothing",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < NOOP
        other > CAN_DO {f} + GRAB_JOB
        other < JOB_ASSIGN {H} {f} x
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a worker that answers a NOOP with PRE_SLEEP is woken again",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < NOOP
        other > CAN_DO {f} + GRAB_JOB
        other < JOB_ASSIGN {H} {f} x
        other > GRAB_JOB
        other < NO_JOB
        worker > PRE_SLEEP
        worker < nothing
        client > SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {I}
        ours: worker < NOOP
        worker < nothing
        """,
        because="gearmand remembers the NOOP that was not followed by GRAB_JOB, and never wakes this worker again.",
    ),
)

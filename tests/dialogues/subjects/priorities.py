"""Priorities: HIGH before NORMAL before LOW."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "the best priority goes first, and within one the oldest",
        """
        client > SUBMIT_JOB_LOW_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2 + SUBMIT_JOB_HIGH_BG {f} '' 3
        client < JOB_CREATED {A} + JOB_CREATED {B} + JOB_CREATED {C}
        client > SUBMIT_JOB_LOW_BG {f} '' 4 + SUBMIT_JOB_BG {f} '' 5 + SUBMIT_JOB_HIGH_BG {f} '' 6
        client < JOB_CREATED {D} + JOB_CREATED {E} + JOB_CREATED {F}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {C} {f} 3 + JOB_ASSIGN {F} {f} 6 + JOB_ASSIGN {B} {f} 2
        worker > GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {E} {f} 5 + JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {D} {f} 4
        """,
    ),
    Dialogue(
        "foreground and background jobs of one priority stand in one queue",
        """
        client > SUBMIT_JOB_HIGH_BG {f} '' 1 + SUBMIT_JOB_HIGH {f} '' 2 + SUBMIT_JOB_HIGH_BG {f} '' 3
        client < JOB_CREATED {A} + JOB_CREATED {B} + JOB_CREATED {C}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2 + JOB_ASSIGN {C} {f} 3
        """,
    ),
    Dialogue(
        "a job of high priority goes before all others of all functions",
        """
        client > SUBMIT_JOB_HIGH_BG {f} '' high + SUBMIT_JOB_LOW_BG {f} '' low
        client < JOB_CREATED {H} + JOB_CREATED {L}
        client > SUBMIT_JOB_BG {g} '' normal
        client < JOB_CREATED {N}
        worker > CAN_DO {f} + CAN_DO {g} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        gearmand: worker < JOB_ASSIGN {N} {g} normal + JOB_ASSIGN {H} {f} high + JOB_ASSIGN {L} {f} low
        ours: worker < JOB_ASSIGN {H} {f} high + JOB_ASSIGN {N} {g} normal + JOB_ASSIGN {L} {f} low
        """,
        because="In gearmand 1.1.20 a priority counts only within its function. Here it counts over all functions of "
        "the worker, as in gearmand 2.",
    ),
    Dialogue(
        "a job of low priority waits for the others of all functions",
        """
        client > SUBMIT_JOB_LOW_BG {g} '' low + SUBMIT_JOB_BG {f} '' normal
        client < JOB_CREATED {L} + JOB_CREATED {N}
        worker > CAN_DO {f} + CAN_DO {g} + GRAB_JOB + GRAB_JOB
        gearmand: worker < JOB_ASSIGN {L} {g} low + JOB_ASSIGN {N} {f} normal
        ours: worker < JOB_ASSIGN {N} {f} normal + JOB_ASSIGN {L} {g} low
        """,
        because="In gearmand 1.1.20 a priority counts only within its function. Here it counts over all functions of "
        "the worker, as in gearmand 2.",
    ),
    Dialogue(
        "a job keeps its priority when it is queued again",
        """
        client > SUBMIT_JOB_HIGH_BG {f} '' high
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} high
        client > SUBMIT_JOB_BG {f} '' normal
        client < JOB_CREATED {N}
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} high + JOB_ASSIGN {N} {f} normal
        """,
    ),
    Dialogue(
        "a job that waits for its worker is passed by one of better priority",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_LOW_BG {f} '' low
        client < JOB_CREATED {L}
        worker < NOOP
        client > SUBMIT_JOB_HIGH_BG {f} '' high
        client < JOB_CREATED {H}
        worker > GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} high + JOB_ASSIGN {L} {f} low
        """,
    ),
)

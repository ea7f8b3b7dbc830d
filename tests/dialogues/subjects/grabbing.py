"""Grabbing: which job a worker is given, and in which words."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "GRAB_JOB is answered by handle, function and payload",
        r"""
        client > SUBMIT_JOB_BG {f} {u} a\0b
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} a\0b
        """,
    ),
    Dialogue(
        "GRAB_JOB_UNIQ is answered by handle, function, unique and payload",
        r"""
        client > SUBMIT_JOB_BG {f} {u} a\0b
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {H} {f} {u} a\0b
        """,
    ),
    Dialogue(
        "GRAB_JOB_ALL is answered like GRAB_JOB_UNIQ if there is no reducer",
        r"""
        client > SUBMIT_JOB_BG {f} {u} a\0b
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_UNIQ {H} {f} {u} a\0b
        """,
    ),
    Dialogue(
        "a job without a unique is given with an empty one",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {H} {f} '' x
        """,
    ),
    Dialogue(
        "without a job all three are answered by NO_JOB",
        """
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB_UNIQ + GRAB_JOB_ALL
        worker < NO_JOB + NO_JOB + NO_JOB
        """,
    ),
    Dialogue(
        "jobs of a function go out in the order in which they came",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB {f} '' 2 + SUBMIT_JOB_BG {f} {u} 3
        client < JOB_CREATED {A} + JOB_CREATED {B} + JOB_CREATED {C}
        other > SUBMIT_JOB_BG {f} '' 4
        other < JOB_CREATED {D}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2 + JOB_ASSIGN {C} {f} 3 + JOB_ASSIGN {D} {f} 4
        """,
    ),
    Dialogue(
        "a worker may hold several jobs and end them in any order",
        """
        client > SUBMIT_JOB {f} '' 1 + SUBMIT_JOB {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2
        worker > WORK_COMPLETE {B} two + WORK_COMPLETE {A} one
        client < WORK_COMPLETE {B} two + WORK_COMPLETE {A} one
        """,
    ),
    Dialogue(
        "whoever asks first gets the job, be it not the one that was woken",
        """
        sleeper > CAN_DO {f} + GRAB_JOB
        sleeper < NO_JOB
        sleeper > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        sleeper < NOOP
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "the function that was registered last is served first",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {g} '' 2 + SUBMIT_JOB_BG {h} '' 3
        client < JOB_CREATED {A} + JOB_CREATED {B} + JOB_CREATED {C}
        worker > CAN_DO {f} + CAN_DO {g} + CAN_DO {h} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {C} {h} 3 + JOB_ASSIGN {B} {g} 2 + JOB_ASSIGN {A} {f} 1
        """,
    ),
    Dialogue(
        "with two functions that have work, both are served",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        client > SUBMIT_JOB_BG {g} '' 3 + SUBMIT_JOB_BG {g} '' 4
        client < JOB_CREATED {C} + JOB_CREATED {D}
        worker > CAN_DO {f} + CAN_DO {g} + GRAB_JOB + GRAB_JOB + GRAB_JOB + GRAB_JOB
        gearmand: worker < JOB_ASSIGN {C} {g} 3 + JOB_ASSIGN {D} {g} 4 + JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2
        ours: worker < JOB_ASSIGN {C} {g} 3 + JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {D} {g} 4 + JOB_ASSIGN {B} {f} 2
        """,
        because="gearmand 1.1.20 drains one function before it looks at the next, so a busy one starves the others. "
        "Here a worker's functions take turns, as in gearmand 2.",
    ),
    Dialogue(
        "with -R a worker's functions take turns",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        client > SUBMIT_JOB_BG {g} '' 3 + SUBMIT_JOB_BG {g} '' 4
        client < JOB_CREATED {C} + JOB_CREATED {D}
        client > SUBMIT_JOB_BG {h} '' 5 + SUBMIT_JOB_BG {h} '' 6
        client < JOB_CREATED {E} + JOB_CREATED {F}
        worker > CAN_DO {f} + CAN_DO {g} + CAN_DO {h} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {E} {h} 5 + JOB_ASSIGN {C} {g} 3 + JOB_ASSIGN {A} {f} 1
        worker > GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {F} {h} 6 + JOB_ASSIGN {D} {g} 4 + JOB_ASSIGN {B} {f} 2
        """,
        flags=("--round-robin",),
    ),
    Dialogue(
        "bytes behind a GRAB_JOB are ignored",
        r"""
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + 9 surplus\0bytes
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a function that was given up and registered again is served first",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {g} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + CAN_DO {g} + CANT_DO {f} + CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {g} 2
        """,
    ),
    Dialogue(
        "the turn of a function whose CAN_DO is repeated",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {g} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + CAN_DO {g} + CAN_DO {f} + GRAB_JOB + GRAB_JOB
        gearmand: worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {g} 2
        ours: worker < JOB_ASSIGN {B} {g} 2 + JOB_ASSIGN {A} {f} 1
        """,
        because="One connection is one worker, however often it says what it can do. A function keeps its turn, so a "
        "worker that repeats itself before each job starves none of its functions.",
    ),
    Dialogue(
        "a worker may forget all first, name its functions and sleep before it asks, as Python's does",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        worker > SET_CLIENT_ID {id} + RESET_ABILITIES + CAN_DO {f} + CAN_DO {g} + PRE_SLEEP
        worker < NOOP
        worker > GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {H} {f} {u} x
        """,
    ),
)

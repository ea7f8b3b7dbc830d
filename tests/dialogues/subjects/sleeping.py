"""Sleeping: PRE_SLEEP, and the NOOP that ends it."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a sleeping worker is woken by a job",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        worker < nothing
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        worker < NOOP
        worker > GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a sleeping worker is woken by a background job",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        worker < NOOP
        worker > GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "who goes to sleep beside waiting work is woken at once",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + PRE_SLEEP
        worker < NOOP
        worker > GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a worker that goes to sleep before it ever asked is woken to ask",
        """
        worker > CAN_DO {f} + PRE_SLEEP
        ours: worker < NOOP
        worker < nothing
        """,
        because="Whether other brokers left work for a function is found out by asking for it, not by sleeping; a "
        "NOOP is a hint, and costs this worker one GRAB_JOB in its life.",
    ),
    Dialogue(
        "a worker that did not go to sleep hears no NOOP",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < nothing
        """,
    ),
    Dialogue(
        "a job of another function wakes nobody",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {g} '' x
        client < JOB_CREATED {H}
        worker < nothing
        """,
    ),
    Dialogue(
        "a sleeper hears one NOOP, however many jobs come",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker < NOOP
        worker < nothing
        client > SUBMIT_JOB_BG {f} '' z
        client < JOB_CREATED {J}
        worker < nothing
        """,
    ),
    Dialogue(
        "PRE_SLEEP said twice makes one NOOP",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP + CAN_DO {f} + PRE_SLEEP
        worker < nothing
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < NOOP
        worker < nothing
        """,
    ),
    Dialogue(
        "GRAB_JOB ends the sleep, also if there is nothing",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP + GRAB_JOB
        worker < NO_JOB
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < nothing
        """,
    ),
    Dialogue(
        "a sleeper is woken a second time after it has asked and gone back to sleep",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < NOOP
        worker > GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {I}
        worker < NOOP
        """,
    ),
    Dialogue(
        "a worker that holds a job and sleeps is woken like any other",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {I}
        worker < NOOP
        worker > GRAB_JOB
        worker < JOB_ASSIGN {I} {f} y
        """,
    ),
    Dialogue(
        "a sleeper that learns a function afterwards is woken by its next job",
        """
        worker > PRE_SLEEP + CAN_DO {f}
        ours: worker < NOOP
        ours: worker > GRAB_JOB
        ours: worker < NO_JOB
        ours: worker > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < NOOP
        """,
        because="Learning a function is asking whether there is work for it, asleep or not.",
    ),
    Dialogue(
        "a sleeper that learns a function afterwards is woken for jobs that wait already",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > PRE_SLEEP + CAN_DO {f}
        ours: worker < NOOP
        worker < nothing
        """,
        because="In gearmand the job and its worker wait for each other.",
    ),
    Dialogue(
        "a job queued again wakes a sleeper",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        worker < nothing
        lost > hang up
        worker < NOOP
        worker > GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a worker whose PRE_SLEEP was answered by a NOOP hears no other before it asks",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + PRE_SLEEP
        worker < NOOP
        client > SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {I}
        worker < nothing
        """,
    ),
    Dialogue(
        "bytes behind PRE_SLEEP and RESET_ABILITIES are ignored",
        """
        worker > 3 surplus + CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > 4 surplus
        worker < nothing
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < NOOP
        """,
    ),
    Dialogue(
        "a sleeper that gives up a function is not woken for it, but for the others",
        """
        worker > CAN_DO {f} + CAN_DO {g} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP + CANT_DO {f}
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < nothing
        client > SUBMIT_JOB_BG {g} '' x
        client < JOB_CREATED {I}
        worker < NOOP
        """,
    ),
    Dialogue(
        "a sleeper that gives up all functions is woken for none",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP + RESET_ABILITIES
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker < nothing
        """,
    ),
    Dialogue(
        "a connection that sleeps and submits is woken by its own job",
        """
        both > CAN_DO {f} + GRAB_JOB
        both < NO_JOB
        both > PRE_SLEEP + SUBMIT_JOB {f} '' x
        gearmand: both < NOOP + JOB_CREATED {H}
        ours: both < JOB_CREATED {H} + NOOP
        both > GRAB_JOB
        both < JOB_ASSIGN {H} {f} x
        """,
        because="Here what follows from a request stands behind its answer.",
    ),
)

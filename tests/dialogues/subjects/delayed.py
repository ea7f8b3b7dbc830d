"""Delayed jobs: SUBMIT_JOB_EPOCH."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a job for later is accepted, known, and not handed out before its time",
        """
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 0 0 0
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a job for later is counted in the status",
        r"""
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        client > text status
        client < list {f}\t1\t0\t0
        """,
    ),
    Dialogue(
        "a job for later is counted among those of normal priority",
        r"""
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        client > text prioritystatus
        client < list {f}\t0\t1\t0\t0
        """,
    ),
    Dialogue(
        "a job for later is listed as a queued background job",
        r"""
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        client > text show jobs
        client < list {H}\t0\t0\t1
        """,
    ),
    Dialogue(
        "a time that has passed means now",
        """
        client > SUBMIT_JOB_EPOCH {f} {u} {now-60} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "zero, less than zero, no number and no text at all mean now",
        """
        client > SUBMIT_JOB_EPOCH {f} '' 0 a + SUBMIT_JOB_EPOCH {f} '' -5 b
        client < JOB_CREATED {A} + JOB_CREATED {B}
        client > SUBMIT_JOB_EPOCH {f} '' soon c + SUBMIT_JOB_EPOCH {f} '' '' d
        client < JOB_CREATED {C} + JOB_CREATED {D}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} a + JOB_ASSIGN {B} {f} b + JOB_ASSIGN {C} {f} c + JOB_ASSIGN {D} {f} d
        """,
    ),
    Dialogue(
        "of a time the leading digits count",
        """
        client > SUBMIT_JOB_EPOCH {f} '' 12abc a + SUBMIT_JOB_EPOCH {f} '' {now+3600}abc b
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} a
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "due jobs and those of normal priority go in the order of their submission",
        """
        client > SUBMIT_JOB_EPOCH {f} '' {now-5} a
        client < JOB_CREATED {A}
        client > SUBMIT_JOB_BG {f} '' b
        client < JOB_CREATED {B}
        client > SUBMIT_JOB_EPOCH {f} '' {now-60} c
        client < JOB_CREATED {C}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} a + JOB_ASSIGN {B} {f} b + JOB_ASSIGN {C} {f} c
        """,
    ),
    Dialogue(
        "a client joins a job for later by its unique",
        """
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        other > SUBMIT_JOB {f} {u} y
        other < JOB_CREATED {H}
        other > GET_STATUS_UNIQUE {u}
        other < STATUS_RES_UNIQUE {u} 1 0 0 0 1
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a job for later joins one that is queued, whose time then counts",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} y
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a sleeping worker is woken when a job falls due",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        gearmand: client > SUBMIT_JOB_EPOCH {f} {u} {now+60} x
        ours: client > SUBMIT_JOB_EPOCH {f} {u} {now+2} x
        client < JOB_CREATED {H}
        gearmand: worker < NOOP
        gearmand: worker > GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < NOOP
        ours: worker > GRAB_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="gearmand wakes workers when the job is submitted, which is of no use, and nobody when it is due.",
    ),
    Dialogue(
        "a job for later wakes nobody when it is submitted",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        gearmand: worker < NOOP
        worker < nothing
        """,
        because="Waking a worker for what it cannot have yet costs it a round for nothing.",
    ),
    Dialogue(
        "a job for later does not hide those of low priority",
        """
        client > SUBMIT_JOB_EPOCH {f} '' {now+3600} later
        client < JOB_CREATED {H}
        client > SUBMIT_JOB_LOW_BG {f} '' now
        client < JOB_CREATED {L}
        worker > CAN_DO {f} + PRE_SLEEP
        worker < NOOP
        worker > GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {L} {f} now
        """,
        because="In gearmand the two turn in circles: woken, no job, woken. The same routine must answer both "
        "questions.",
    ),
    Dialogue(
        "a worker that goes to sleep beside a job for later sleeps",
        """
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        worker < nothing
        """,
    ),
    Dialogue(
        "a time beyond 64 bits is refused",
        r"""
        client > SUBMIT_JOB_EPOCH {f} {u} 99999999999999999999 x
        ours: client < ERROR ARGUMENT_TOO_LARGE *
        ours: client > ECHO_REQ still\shere
        ours: client < ECHO_RES still\shere
        gearmand: client < no answer
        """,
        because="gearmand gives no answer and sometimes hangs up; a client that waits for one may wait for ever.",
    ),
    Dialogue(
        "a second submit does not change the time of a job for later",
        """
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x + SUBMIT_JOB_EPOCH {f} {u} {now-5} y
        client < JOB_CREATED {H} + JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a job for later stays when a client that joined it leaves",
        r"""
        client > SUBMIT_JOB_EPOCH {f} {u} {now+3600} x
        client < JOB_CREATED {H}
        other > SUBMIT_JOB {f} {u} y
        other < JOB_CREATED {H}
        other > hang up
        client > GET_STATUS_UNIQUE {u} + text status
        client < STATUS_RES_UNIQUE {u} 1 0 0 0 0
        client < list {f}\t1\t0\t0
        """,
    ),
    Dialogue(
        "the place of a job for later among those of its priority",
        """
        watcher > CAN_DO {g} + GRAB_JOB
        watcher < NO_JOB
        client > SUBMIT_JOB_EPOCH {f} '' {now+2} 1
        client < JOB_CREATED {A}
        client > SUBMIT_JOB_BG {f} '' 2 + SUBMIT_JOB_BG {g} '' g
        client < JOB_CREATED {B} + JOB_CREATED {G}
        # three seconds pass
        clock > CAN_DO_TIMEOUT {g} 3000 + GRAB_JOB
        clock < JOB_ASSIGN {G} {g} g
        watcher > PRE_SLEEP
        watcher < NOOP
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        gearmand: worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2
        ours: worker < JOB_ASSIGN {B} {f} 2 + JOB_ASSIGN {A} {f} 1
        """,
        because="In gearmand it stands in the queue from its submit on, and is passed over until it is due. Here it "
        "comes into the queue when it is due, behind those that waited longer, so nothing need be passed over.",
    ),
    Dialogue(
        "a job that is due has normal priority",
        """
        client > SUBMIT_JOB_LOW_BG {f} '' low
        client < JOB_CREATED {L}
        client > SUBMIT_JOB_EPOCH {f} '' {now-5} due
        client < JOB_CREATED {N}
        client > SUBMIT_JOB_HIGH_BG {f} '' high
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} high + JOB_ASSIGN {N} {f} due + JOB_ASSIGN {L} {f} low
        """,
    ),
)

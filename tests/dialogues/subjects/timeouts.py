"""Time limits: CAN_DO_TIMEOUT.

Nobody waits by the clock here. Who must see that time has passed sleeps, and is woken by a job that a time limit
has set free. In gearmand the thread of the connection that is late does this, beside the one that does all else: it
sends the NOOP, and then queues the job. So whoever is woken by a time limit lets the late one be heard first, for it is
answered behind that.

And nobody need be quick: who is to sleep has asked before there was a job, and hears the NOOP whether it falls asleep
before the time is up or behind it; a run that is to end in time has two seconds. (It cannot be begun and ended in one
write: gearmand then sends a payload that it has freed already.)
"""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a run that takes too long is given to another worker, and the client is not told",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        slow > CAN_DO_TIMEOUT {f} 1000 + GRAB_JOB
        slow < JOB_ASSIGN {H} {f} x
        worker > PRE_SLEEP
        worker < NOOP
        slow < nothing
        client < nothing
        worker > GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a limit of less than a second is a second",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        slow > CAN_DO_TIMEOUT {f} 1 + GRAB_JOB
        slow < JOB_ASSIGN {H} {f} x
        slow < nothing
        slow > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "zero, less than zero, no number and no text at all are no limit",
        """
        watcher > CAN_DO {g} + GRAB_JOB
        watcher < NO_JOB
        client > SUBMIT_JOB_BG {g} '' g + SUBMIT_JOB {f} '' 1 + SUBMIT_JOB {f} '' 2
        client < JOB_CREATED {G} + JOB_CREATED {A} + JOB_CREATED {B}
        client > SUBMIT_JOB {f} '' 3 + SUBMIT_JOB {f} '' 4
        client < JOB_CREATED {C} + JOB_CREATED {D}
        anna > CAN_DO_TIMEOUT {f} 0 + GRAB_JOB
        anna < JOB_ASSIGN {A} {f} 1
        bert > CAN_DO_TIMEOUT {f} -5 + GRAB_JOB
        bert < JOB_ASSIGN {B} {f} 2
        cora > CAN_DO_TIMEOUT {f} long + GRAB_JOB
        cora < JOB_ASSIGN {C} {f} 3
        dora > CAN_DO_TIMEOUT {f} '' + GRAB_JOB
        dora < JOB_ASSIGN {D} {f} 4
        # a second passes
        clock > CAN_DO_TIMEOUT {g} 1000 + GRAB_JOB
        clock < JOB_ASSIGN {G} {g} g
        watcher > PRE_SLEEP
        watcher < NOOP
        anna > WORK_COMPLETE {A} r
        bert > WORK_COMPLETE {B} r
        cora > WORK_COMPLETE {C} r
        dora > WORK_COMPLETE {D} r
        client < WORK_COMPLETE {A} r + WORK_COMPLETE {B} r + WORK_COMPLETE {C} r + WORK_COMPLETE {D} r
        """,
    ),
    Dialogue(
        "a run that ends in time is not touched by its limit",
        r"""
        watcher > CAN_DO {g} + GRAB_JOB
        watcher < NO_JOB
        client > SUBMIT_JOB_BG {g} '' g + SUBMIT_JOB {f} '' 1
        client < JOB_CREATED {G} + JOB_CREATED {A}
        worker > CAN_DO_TIMEOUT {f} 2000 + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1
        worker > WORK_COMPLETE {A} r + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client < WORK_COMPLETE {A} r
        # two seconds pass
        clock > CAN_DO_TIMEOUT {g} 2000 + GRAB_JOB
        clock < JOB_ASSIGN {G} {g} g
        watcher > PRE_SLEEP
        watcher < NOOP
        worker < nothing
        clock < nothing
        client > text status
        client < list {f}\t0\t0\t1 / {g}\t1\t0\t2
        """,
    ),
    Dialogue(
        "with its attempts used up, a job that takes too long fails",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        slow > CAN_DO_TIMEOUT {f} 1000 + GRAB_JOB
        slow < JOB_ASSIGN {H} {f} x
        client < WORK_FAIL {H}
        slow < nothing
        """,
        flags=("--job-retries=1",),
    ),
    Dialogue(
        "the late result of a run that took too long and that another worker repeats",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        slow > CAN_DO_TIMEOUT {f} 1000 + GRAB_JOB
        slow < JOB_ASSIGN {H} {f} x
        worker > PRE_SLEEP
        worker < NOOP
        slow < nothing
        worker > GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        slow > WORK_COMPLETE {H} late
        gearmand: slow < ERROR JOB_NOT_FOUND Job given in work result not found
        gearmand: worker > WORK_COMPLETE {H} r
        gearmand: client < WORK_COMPLETE {H} r
        ours: client < WORK_COMPLETE {H} late
        ours: worker > WORK_COMPLETE {H} r
        slow < nothing
        worker < nothing
        client < nothing
        """,
        because="The first result to come in is the result: the client waits no longer than it must, and neither "
        "worker gets an ERROR that would end its loop.",
    ),
    Dialogue(
        "the limit of one run does not take away the next",
        """
        watcher > CAN_DO {g} + GRAB_JOB
        watcher < NO_JOB
        client > SUBMIT_JOB_BG {g} '' g + SUBMIT_JOB {f} '' 1 + SUBMIT_JOB {f} '' 2
        client < JOB_CREATED {G} + JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO_TIMEOUT {f} 2000 + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1
        worker > WORK_COMPLETE {A} r + CANT_DO {f} + CAN_DO_TIMEOUT {f} 60000 + GRAB_JOB
        worker < JOB_ASSIGN {B} {f} 2
        client < WORK_COMPLETE {A} r
        # more than two seconds pass
        clock > CAN_DO_TIMEOUT {g} 2500 + GRAB_JOB
        clock < JOB_ASSIGN {G} {g} g
        watcher > PRE_SLEEP
        watcher < NOOP
        worker > WORK_COMPLETE {B} r
        client < WORK_COMPLETE {B} r
        """,
    ),
    Dialogue(
        "a number beyond 64 bits is refused",
        """
        worker > CAN_DO_TIMEOUT {f} 99999999999999999999
        ours: worker < ERROR ARGUMENT_TOO_LARGE *
        ours: worker > ECHO_REQ alive
        ours: worker < ECHO_RES alive
        gearmand: worker < closed
        """,
        because="gearmand crashes.",
        alone=True,
    ),
    Dialogue(
        "the limit said last counts",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        slow > CAN_DO {f} + CAN_DO_TIMEOUT {f} 1000 + GRAB_JOB
        slow < JOB_ASSIGN {H} {f} x
        client < WORK_FAIL {H}
        """,
        flags=("--job-retries=1",),
    ),
    Dialogue(
        "each run has a limit of its own",
        """
        watcher > CAN_DO {f} + GRAB_JOB
        watcher < NO_JOB
        other > CAN_DO {h} + GRAB_JOB
        other < NO_JOB
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {g} '' y + SUBMIT_JOB_BG {h} '' z
        client < JOB_CREATED {A} + JOB_CREATED {B} + JOB_CREATED {C}
        worker > CAN_DO {g} + CAN_DO_TIMEOUT {f} 1000 + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} x + JOB_ASSIGN {B} {g} y
        watcher > PRE_SLEEP
        # more than a second passes
        clock > CAN_DO_TIMEOUT {h} 1500 + GRAB_JOB
        clock < JOB_ASSIGN {C} {h} z
        other > PRE_SLEEP
        other < NOOP
        worker < nothing
        ours: watcher < NOOP
        watcher < nothing
        """,
        because="gearmand keeps one timer for each connection, and the second run stopped that of the first.",
    ),
    Dialogue(
        "the limit of a run that is over counts no more",
        r"""
        other > CAN_DO {g} + GRAB_JOB
        other < NO_JOB
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {g} '' y
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO_TIMEOUT {f} 2000 + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} x
        worker > WORK_COMPLETE {A} r
        # more than two seconds pass
        clock > CAN_DO_TIMEOUT {g} 2500 + GRAB_JOB
        clock < JOB_ASSIGN {B} {g} y
        other > PRE_SLEEP
        other < NOOP
        clock < nothing
        worker < nothing
        admin > text status
        gearmand: admin < list {f}\t0\t4294967295\t1 / {g}\t1\t0\t2
        ours: admin < list {f}\t0\t0\t1 / {g}\t1\t0\t2
        """,
        because="In gearmand the end of a job does not stop its timer.",
        alone=True,
    ),
    Dialogue(
        "a limit of 20 characters is read",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO_TIMEOUT {f} 00000000000000060000 + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "a limit of more characters",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO_TIMEOUT {f} 000000000000000060000
        gearmand: worker < no answer
        ours: worker > GRAB_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="gearmand does not register the function, tells nobody, and sometimes hangs up on the worker.",
    ),
    Dialogue(
        "the progress of a run that took too long is forgotten",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        slow > CAN_DO_TIMEOUT {f} 1000 + GRAB_JOB
        slow < JOB_ASSIGN {H} {f} x
        slow > WORK_STATUS {H} 1 2
        worker > PRE_SLEEP
        worker < NOOP
        slow < nothing
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 0 0 0
        """,
    ),
)

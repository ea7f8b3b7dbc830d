"""Limits of queues: maxqueue."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a full queue refuses jobs, and the connection stays",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text maxqueue {f} 2
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB {f} '' 2 + SUBMIT_JOB_BG {f} '' 3 + SUBMIT_JOB {f} '' 4
        client < JOB_CREATED {A} + JOB_CREATED {B}
        client < ERROR QUEUE_ERROR Job queue is full + ERROR QUEUE_ERROR Job queue is full
        client > SUBMIT_JOB_EPOCH {f} '' {now+60} 5 + SUBMIT_REDUCE_JOB {f} '' {g} '' 6
        client < ERROR QUEUE_ERROR Job queue is full + ERROR QUEUE_ERROR Job queue is full
        client > ECHO_REQ here
        client < ECHO_RES here
        """,
    ),
    Dialogue(
        "a queue that was full takes jobs again when one is over",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + ERROR QUEUE_ERROR Job queue is full
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1
        worker > WORK_COMPLETE {A} r
        client > SUBMIT_JOB_BG {f} '' 3
        client < JOB_CREATED {B}
        """,
    ),
    Dialogue(
        "what runs counts, too",
        r"""
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1
        admin > text maxqueue {f} 2
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 3
        client < ERROR QUEUE_ERROR Job queue is full
        """,
    ),
    Dialogue(
        "a job that joins another is let in",
        r"""
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        """,
    ),
    Dialogue(
        "a job that goes back to a full queue is let in",
        r"""
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {I} {f} y + JOB_ASSIGN {H} {f} x
        """,
    ),
    Dialogue(
        "three numbers are limits for high, normal and low priority, against all jobs of the function",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text maxqueue {f} 3 2 1
        admin < text OK\r\n
        client > SUBMIT_JOB_LOW_BG {f} '' 1 + SUBMIT_JOB_LOW_BG {f} '' 2
        client < JOB_CREATED {A} + ERROR QUEUE_ERROR Job queue is full
        client > SUBMIT_JOB_BG {f} '' 3 + SUBMIT_JOB_BG {f} '' 4
        client < JOB_CREATED {B} + ERROR QUEUE_ERROR Job queue is full
        client > SUBMIT_JOB_HIGH_BG {f} '' 5 + SUBMIT_JOB_HIGH_BG {f} '' 6
        client < JOB_CREATED {C} + ERROR QUEUE_ERROR Job queue is full
        """,
    ),
    Dialogue(
        "two numbers leave low priority without a limit",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text maxqueue {f} 1 1
        admin < text OK\r\n
        client > SUBMIT_JOB_LOW_BG {f} '' 1 + SUBMIT_JOB_LOW_BG {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        client > SUBMIT_JOB_BG {f} '' 3 + SUBMIT_JOB_HIGH_BG {f} '' 4
        client < ERROR QUEUE_ERROR Job queue is full + ERROR QUEUE_ERROR Job queue is full
        """,
    ),
    Dialogue(
        "without a number the limits are lifted",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + ERROR QUEUE_ERROR Job queue is full
        admin > text maxqueue {f}
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 3
        client < JOB_CREATED {B}
        """,
    ),
    Dialogue(
        "zero, less than zero and no number are no limit",
        r"""
        client > SUBMIT_JOB_HIGH_BG {f} '' 1
        client < JOB_CREATED {A}
        admin > text maxqueue {f} 0 -1 many
        admin < text OK\r\n
        client > SUBMIT_JOB_HIGH_BG {f} '' 2 + SUBMIT_JOB_BG {f} '' 3 + SUBMIT_JOB_LOW_BG {f} '' 4
        client < JOB_CREATED {B} + JOB_CREATED {C} + JOB_CREATED {D}
        """,
    ),
    Dialogue(
        "a limit set before the function is known",
        r"""
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        gearmand: client < JOB_CREATED {A} + JOB_CREATED {B}
        ours: client < JOB_CREATED {A} + ERROR QUEUE_ERROR Job queue is full
        """,
        because="gearmand says OK and forgets it. Here a limit is kept, for all brokers, from when it was set.",
    ),
    Dialogue(
        "the name of the function tells upper from lower case",
        r"""
        client > SUBMIT_JOB_BG {f} '' 1
        client < JOB_CREATED {A}
        admin > text maxqueue {f:upper} 1
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {B}
        """,
    ),
    Dialogue(
        "a limit is lost with its function",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        admin > text drop function {f}
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        """,
    ),
    Dialogue(
        "maxqueue without a function is refused",
        r"""
        admin > text maxqueue
        admin < text ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+maxqueue\r\n
        """,
    ),
    Dialogue(
        "a cancelled job does not count against a limit",
        r"""
        client > SUBMIT_JOB_BG {f} '' 1
        client < JOB_CREATED {A}
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        admin > text cancel job {A}
        admin < text OK\r\n
        client > SUBMIT_JOB_BG {f} '' 2
        gearmand: client < ERROR QUEUE_ERROR Job queue is full
        ours: client < JOB_CREATED {B}
        """,
        because="gearmand marks a cancelled job and throws it away when a worker next looks. Here listings and limits "
        "never count what will not run.",
    ),
    Dialogue(
        "what will not run does not count against a limit",
        r"""
        client > SUBMIT_JOB {f} '' 1
        client < JOB_CREATED {A}
        admin > text maxqueue {f} 1
        admin < text OK\r\n
        client > hang up
        other > SUBMIT_JOB_BG {f} '' 2
        gearmand: other < ERROR QUEUE_ERROR Job queue is full
        ours: other < JOB_CREATED {B}
        """,
        because="gearmand marks an abandoned job and throws it away when a worker next looks. Here listings and "
        "limits never count what will not run.",
    ),
)

"""Clients that leave while somebody works for them."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a queued job stays as long as one of its clients does",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        anna > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        bert < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a queued job that its last client leaves is not run",
        """
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        client > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a queued job that its last client leaves is gone at once",
        r"""
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        client > hang up
        other > GET_STATUS {H}
        gearmand: other < STATUS_RES {H} 1 0 0 0
        ours: other < STATUS_RES {H} 0 0 0 0
        other > text status
        gearmand: other < list {f}\t1\t0\t0
        ours: other < list {f}\t0\t0\t0
        """,
        because="gearmand marks the job and throws it away when a worker next looks. Here listings and limits never "
        "count what will not run.",
    ),
    Dialogue(
        "a submit of the unique of an abandoned job is a job of its own",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        anna > hang up
        bert > SUBMIT_JOB {f} {u} y
        gearmand: bert < JOB_CREATED {H}
        ours: bert < JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        gearmand: bert < nothing
        ours: worker < JOB_ASSIGN {I} {f} y
        ours: worker > WORK_COMPLETE {I} r
        ours: bert < WORK_COMPLETE {I} r
        """,
        because="gearmand attaches the client to a job that it then throws away, and the client waits for ever.",
    ),
    Dialogue(
        "a running job that its last client leaves runs to its end, and its worker is not told",
        """
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        client > hang up
        worker > WORK_DATA {H} d + WORK_STATUS {H} 1 2
        worker < nothing
        worker > GET_STATUS {H}
        worker < STATUS_RES {H} 1 1 1 2
        worker > WORK_COMPLETE {H} r
        worker < nothing
        worker > GET_STATUS {H}
        worker < STATUS_RES {H} 0 0 0 0
        """,
    ),
    Dialogue(
        "a job that its last client leaves while a worker is on its way to it is gone",
        """
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        worker < NOOP
        client > hang up
        worker > GRAB_JOB
        worker < NO_JOB
        worker > GET_STATUS {H}
        worker < STATUS_RES {H} 0 0 0 0
        """,
    ),
    Dialogue(
        "a job that nobody waits for any more is not run again when its worker is lost",
        """
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        client > hang up
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a client that comes back to a running job before it ends gets its result",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        anna > hang up
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > WORK_COMPLETE {H} r
        bert < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "the jobs of a client that leaves are not counted against the others'",
        """
        anna > SUBMIT_JOB {f} {u} x + SUBMIT_JOB {f} {v} x
        anna < JOB_CREATED {H} + JOB_CREATED {I}
        bert > SUBMIT_JOB {f} '' y
        bert < JOB_CREATED {J}
        anna > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {J} {f} y
        worker > WORK_COMPLETE {J} r
        bert < WORK_COMPLETE {J} r
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a job whose first client left while it ran is run again for the one that came back",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        anna > hang up
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        ours: worker > WORK_COMPLETE {H} r
        ours: bert < WORK_COMPLETE {H} r
        """,
        because="gearmand does not forget that nobody waited once, throws the job away, and the client waits for ever.",
    ),
)

"""Status: GET_STATUS and GET_STATUS_UNIQUE."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "a job is known from its submit to its end, and not after that",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 0 0 0
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 0 0
        worker > WORK_STATUS {H} 1 3
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 1 3
        worker > WORK_COMPLETE {H} r
        client > GET_STATUS {H}
        client < STATUS_RES {H} 0 0 0 0
        """,
    ),
    Dialogue(
        "a job that failed is not known any more",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_FAIL {H}
        client > GET_STATUS {H}
        client < STATUS_RES {H} 0 0 0 0
        """,
    ),
    Dialogue(
        "a handle that never was is unknown, be it empty",
        """
        client > GET_STATUS H:nowhere:1 + GET_STATUS nonsense + GET_STATUS ''
        client < STATUS_RES H:nowhere:1 0 0 0 0 + STATUS_RES nonsense 0 0 0 0 + STATUS_RES '' 0 0 0 0
        """,
    ),
    Dialogue(
        "anybody may ask",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        stranger > GET_STATUS {H}
        stranger < STATUS_RES {H} 1 0 0 0
        """,
    ),
    Dialogue(
        "a NUL ends the handle that is asked for",
        r"""
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        client > GET_STATUS {H}\0rest
        client < STATUS_RES {H} 1 0 0 0
        """,
    ),
    Dialogue(
        "a handle longer than any handle is unknown",
        """
        client > GET_STATUS H:{x*62}
        ours: client < STATUS_RES H:{x*62} 0 0 0 0
        gearmand: client < no answer
        """,
        because="gearmand gives no answer and sometimes hangs up; a client that waits for one may wait for ever.",
    ),
    Dialogue(
        "a job is found by its unique, whatever its function",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        client > GET_STATUS_UNIQUE {u}
        client < STATUS_RES_UNIQUE {u} 1 0 0 0 0
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 2 3
        client > GET_STATUS_UNIQUE {u}
        client < STATUS_RES_UNIQUE {u} 1 1 2 3 0
        worker > WORK_COMPLETE {H} r
        client > GET_STATUS_UNIQUE {u}
        client < STATUS_RES_UNIQUE {u} 0 0 0 0 0
        """,
    ),
    Dialogue(
        "with the unique goes the number of clients that wait",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        anna > GET_STATUS_UNIQUE {u}
        anna < STATUS_RES_UNIQUE {u} 1 0 0 0 1
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        anna > GET_STATUS_UNIQUE {u}
        anna < STATUS_RES_UNIQUE {u} 1 0 0 0 2
        bert > hang up
        anna > GET_STATUS_UNIQUE {u}
        anna < STATUS_RES_UNIQUE {u} 1 0 0 0 1
        """,
    ),
    Dialogue(
        "a unique that nobody uses is unknown",
        """
        client > GET_STATUS_UNIQUE {u}
        client < STATUS_RES_UNIQUE {u} 0 0 0 0 0
        """,
    ),
    Dialogue(
        "jobs that were submitted with a hyphen are not found by it",
        """
        client > SUBMIT_JOB_BG {f} - {v}
        client < JOB_CREATED {H}
        client > GET_STATUS_UNIQUE - + GET_STATUS_UNIQUE {v}
        client < STATUS_RES_UNIQUE - 0 0 0 0 0 + STATUS_RES_UNIQUE {v} 0 0 0 0 0
        """,
    ),
    Dialogue(
        "a unique longer than any is unknown",
        """
        client > GET_STATUS_UNIQUE {x*65}
        ours: client < STATUS_RES_UNIQUE {x*65} 0 0 0 0 0
        gearmand: client < no answer
        """,
        because="gearmand gives no answer and sometimes hangs up; a client that waits for one may wait for ever.",
    ),
    Dialogue(
        "of jobs with one unique in several functions, the newest is told of",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        client > SUBMIT_JOB_BG {g} {u} y
        client < JOB_CREATED {I}
        worker > CAN_DO {g} + GRAB_JOB
        worker < JOB_ASSIGN {I} {g} y
        client > GET_STATUS_UNIQUE {u}
        client < STATUS_RES_UNIQUE {u} 1 1 0 0 0
        client > SUBMIT_JOB_BG {g} {v} x + SUBMIT_JOB_BG {f} {v} y
        client < JOB_CREATED {J} + JOB_CREATED {K}
        other > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        other < JOB_ASSIGN {H} {f} x + JOB_ASSIGN {K} {f} y
        client > GET_STATUS_UNIQUE {v}
        client < STATUS_RES_UNIQUE {v} 1 1 0 0 0
        """,
        alone=True,
    ),
    Dialogue(
        "jobs without a unique are not found by the empty one",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        client > GET_STATUS_UNIQUE ''
        client < STATUS_RES_UNIQUE '' 0 0 0 0 0
        """,
    ),
    Dialogue(
        "a NUL ends the unique that is asked for",
        r"""
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        client > GET_STATUS_UNIQUE {u}\0rest
        client < STATUS_RES_UNIQUE {u} 1 0 0 0 1
        """,
    ),
    Dialogue(
        "the longest handle and the longest unique that can be asked for are unknown, too",
        """
        client > GET_STATUS H:{x*61} + GET_STATUS_UNIQUE {x*63}
        client < STATUS_RES H:{x*61} 0 0 0 0 + STATUS_RES_UNIQUE {x*63} 0 0 0 0 0
        """,
    ),
)

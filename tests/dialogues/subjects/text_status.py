"""Text commands that list: status, prioritystatus, workers, show jobs, show unique jobs."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "status counts all jobs, those that run, and workers",
        r"""
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB {f} '' y + SUBMIT_JOB_HIGH_BG {f} '' z
        client < JOB_CREATED {H} + JOB_CREATED {I} + JOB_CREATED {J}
        admin > text status
        admin < list {f}\t3\t0\t0
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {J} {f} z
        other > CAN_DO {f}
        admin > text status
        admin < list {f}\t3\t1\t2
        worker > WORK_COMPLETE {J} r
        admin > text status
        admin < list {f}\t2\t0\t2
        """,
    ),
    Dialogue(
        "status keeps a function whose jobs are done",
        r"""
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        worker > hang up
        admin > text status
        admin < list {f}\t0\t0\t0
        """,
    ),
    Dialogue(
        "status of a server that nobody has used is a dot",
        """
        admin > text status
        admin < list
        """,
        alone=True,
    ),
    Dialogue(
        "prioritystatus counts queued jobs by priority, and workers",
        r"""
        client > SUBMIT_JOB_HIGH_BG {f} '' 1 + SUBMIT_JOB_BG {f} '' 2 + SUBMIT_JOB_BG {f} '' 3
        client < JOB_CREATED {A} + JOB_CREATED {B} + JOB_CREATED {C}
        client > SUBMIT_JOB_LOW_BG {f} '' 4 + SUBMIT_JOB_LOW {f} '' 5 + SUBMIT_JOB_LOW_BG {f} '' 6
        client < JOB_CREATED {D} + JOB_CREATED {E} + JOB_CREATED {F}
        worker > CAN_DO {f}
        admin > text prioritystatus
        admin < list {f}\t1\t2\t3\t1
        """,
    ),
    Dialogue(
        "prioritystatus does not count what runs",
        r"""
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        admin > text prioritystatus
        admin < list {f}\t0\t1\t0\t1
        """,
    ),
    Dialogue(
        "show jobs lists handle, requeues, whether it is to be ignored, and whether it is a background job",
        r"""
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB {f} '' y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        admin > text show jobs
        admin < list {H}\t0\t0\t1 / {I}\t0\t0\t0
        """,
    ),
    Dialogue(
        "show jobs lists what runs, and not what is over",
        r"""
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {f} '' y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x + JOB_ASSIGN {I} {f} y
        worker > WORK_COMPLETE {H} r
        admin > text show jobs
        admin < list {I}\t0\t0\t1
        """,
    ),
    Dialogue(
        "an abandoned job in show jobs",
        r"""
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        client > hang up
        admin > text show jobs
        gearmand: admin < list {H}\t0\t1\t0
        ours: admin < list
        """,
        because="gearmand marks the job and throws it away when a worker next looks. Here listings and limits never "
        "count what will not run.",
    ),
    Dialogue(
        "show unique jobs lists the uniques of all jobs",
        """
        client > SUBMIT_JOB_BG {f} {u} x + SUBMIT_JOB {f} {v} y
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        admin > text show unique jobs
        admin < list {u} / {v}
        """,
    ),
    Dialogue(
        "a job without a unique is an empty line in show unique jobs",
        """
        client > SUBMIT_JOB_BG {f} '' x + SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H} + JOB_CREATED {I}
        admin > text show unique jobs
        admin < list '' / {u}
        """,
        alone=True,
    ),
    Dialogue(
        "a job that was submitted with a hyphen is a hyphen in show unique jobs",
        """
        client > SUBMIT_JOB_BG {f} - {v}
        client < JOB_CREATED {H}
        admin > text show unique jobs
        admin < list -
        """,
        alone=True,
    ),
    Dialogue(
        "show jobs and show unique jobs of a server that nobody has used are a dot",
        """
        admin > text show jobs
        admin < list
        admin > text show unique jobs
        admin < list
        """,
        alone=True,
    ),
    Dialogue(
        "command words are understood in any case",
        r"""
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        admin > text STATUS
        admin < list {f}\t1\t0\t0
        admin > text Show Jobs
        admin < list {H}\t0\t0\t1
        admin > text show UNIQUE jobs
        admin < list {u}
        """,
    ),
    Dialogue(
        "a client id with a line end in the listing of workers",
        r"""
        worker > SET_CLIENT_ID {id}\nx
        worker > text workers
        gearmand: worker < list *\s127.0.0.1\s{id}
        ours: worker < list *\s127.0.0.1\s{id}_x\s:
        """,
        because="A line end in an id must not forge a row.",
    ),
    Dialogue(
        "a function with a line end in its name is one row everywhere",
        r"""
        worker > CAN_DO {f}\nx
        worker < nothing
        admin > text workers
        gearmand: admin < list *\s127.0.0.1\s-\s:\s{f}
        ours: admin < list *\s127.0.0.1\s-\s:\s{f}_x
        admin > text status
        gearmand: admin < list {f}
        ours: admin < list {f}_x\t0\t0\t1
        admin > text prioritystatus
        gearmand: admin < list {f}
        ours: admin < list {f}_x\t0\t0\t0\t1
        """,
        because="A line end in a name must not forge a row.",
    ),
    Dialogue(
        "a function with a tab in its name has no more fields than others",
        r"""
        worker > CAN_DO {f}\tx
        worker < nothing
        admin > text status
        gearmand: admin < list {f}\tx\t0\t0\t1
        ours: admin < list {f}_x\t0\t0\t1
        admin > text prioritystatus
        gearmand: admin < list {f}\tx\t0\t0\t0\t1
        ours: admin < list {f}_x\t0\t0\t0\t1
        """,
        because="Programs that read the table count its fields, and one such name would take the whole of it from them.",
    ),
    Dialogue(
        "a unique with a line end is one line in show unique jobs",
        r"""
        client > SUBMIT_JOB_BG {f} {u}\nx y
        client < JOB_CREATED {H}
        admin > text show unique jobs
        gearmand: admin < list {u} / x
        ours: admin < list {u}_x
        """,
        because="A line end in a unique must not forge a row.",
        alone=True,
    ),
    Dialogue(
        "several blanks between words are one",
        r"""
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        admin > text show   jobs
        admin < list {H}\t0\t0\t1
        """,
    ),
    Dialogue(
        "words behind status are ignored",
        r"""
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        admin > text status a b c d
        admin < list {f}\t1\t0\t0
        admin > text workers now
        admin < list
        """,
    ),
    Dialogue(
        "a function whose name has blanks is listed with them",
        r"""
        worker > CAN_DO {f}\sx
        worker < nothing
        admin > text workers
        admin < list *\s127.0.0.1\s-\s:\s{f}\sx
        admin > text status
        admin < list {f}\sx\t0\t0\t1
        """,
    ),
)

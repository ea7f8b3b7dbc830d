"""Pipelining: packets and text on one connection, in any number and any pieces."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "requests are answered in the order in which they were sent",
        """
        client > ECHO_REQ 1 + SUBMIT_JOB_BG {f} {u} x + GET_STATUS_UNIQUE {u} + OPTION_REQ no + ECHO_REQ 2 + GRAB_JOB
        client < ECHO_RES 1 + JOB_CREATED {H} + STATUS_RES_UNIQUE {u} 1 0 0 0 0
        client < ERROR UNKNOWN_OPTION * + ECHO_RES 2 + NO_JOB
        """,
    ),
    Dialogue(
        "packets and text may be mixed on one connection",
        r"""
        client > ECHO_REQ 1 + text version + ECHO_REQ 2
        client < ECHO_RES 1
        client < text OK *\n
        client < ECHO_RES 2
        """,
    ),
    Dialogue(
        "listings keep their place among the answers",
        r"""
        client > SUBMIT_JOB_BG {f} {u} x + text status + SUBMIT_JOB_BG {f} {v} x + text status + ECHO_REQ 2
        client < JOB_CREATED {H}
        client < list {f}\t1\t0\t0
        client < JOB_CREATED {I}
        client < list {f}\t2\t0\t0
        client < ECHO_RES 2
        """,
    ),
    Dialogue(
        "several lines may come in one piece",
        r"""
        admin > text version + text gladiator + text version
        admin < text OK *\n
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandgladiator\r\n
        admin < text OK *\n
        """,
    ),
    Dialogue(
        "a packet may come byte by byte",
        """
        client > drip SUBMIT_JOB_BG {f} {u} hello
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} hello
        """,
    ),
    Dialogue(
        "a line may come byte by byte",
        r"""
        admin > drip text version
        admin < text OK *\n
        """,
    ),
    Dialogue(
        "a line may end in LF alone",
        r"""
        admin > bytes version\n
        admin < text OK *\n
        """,
    ),
    Dialogue(
        "CR alone ends no line",
        r"""
        admin > bytes version\rversion\r\n
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandversion\rversion\r\n
        """,
    ),
    Dialogue(
        "nobody is greeted",
        """
        client > ECHO_REQ first
        client < ECHO_RES first
        """,
    ),
    Dialogue(
        "what was submitted on one connection is there for another as soon as it was answered",
        """
        anna > SUBMIT_JOB_BG {f} {u} x
        anna < JOB_CREATED {H}
        bert > GET_STATUS {H} + GET_STATUS_UNIQUE {u}
        bert < STATUS_RES {H} 1 0 0 0 + STATUS_RES_UNIQUE {u} 1 0 0 0 0
        """,
    ),
    Dialogue(
        "a worker may report and ask in one write",
        """
        client > SUBMIT_JOB {f} '' 1 + SUBMIT_JOB {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1
        worker > WORK_DATA {A} d + WORK_COMPLETE {A} r + GRAB_JOB
        worker < JOB_ASSIGN {B} {f} 2
        client < WORK_DATA {A} d + WORK_COMPLETE {A} r
        """,
    ),
    Dialogue(
        "who shuts down its sending side behind a command is answered",
        r"""
        admin > text version
        admin > end
        gearmand: admin > hang up
        ours: admin < text OK *\n
        ours: admin < closed
        """,
        because="gearmand often hangs up first, as users of `nc -N` find out. Here what was asked is answered.",
    ),
    Dialogue(
        "who shuts down its sending side behind a submit is answered",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client > end
        gearmand: client > hang up
        ours: client < JOB_CREATED {H}
        ours: client < closed
        """,
        because="gearmand often hangs up first. Here what was asked is answered.",
    ),
    Dialogue(
        "a refusal keeps its place among the answers",
        """
        client > SUBMIT_JOB_BG {f} '' 1 + SUBMIT_JOB_BG {f} {x*65} 2 + SUBMIT_JOB_BG {f} '' 3 + 5 '' + GET_STATUS no
        client < JOB_CREATED {A} + ERROR ARGUMENT_TOO_LARGE * + JOB_CREATED {B} + ERROR INVALID_COMMAND *
        client < STATUS_RES no 0 0 0 0
        """,
    ),
    Dialogue(
        "a job that a worker submits itself is there for it once the submit is answered",
        """
        both > CAN_DO {f} + GRAB_JOB
        both < NO_JOB
        both > SUBMIT_JOB_BG {f} '' x + GRAB_JOB
        both < JOB_CREATED {H}
        gearmand: both < JOB_ASSIGN {H} {f} x
        ours: both < NO_JOB
        ours: both > GRAB_JOB
        ours: both < JOB_ASSIGN {H} {f} x
        """,
        because="A broker that knows of no work answers without asking the store, on the way to which the job still "
        "is. A worker that goes to sleep over it is woken.",
    ),
    Dialogue(
        "a job that a worker gives back itself is there for it once the store has it back",
        """
        client > SUBMIT_JOB_LOW_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > RESET_ABILITIES + CAN_DO {f} + GRAB_JOB
        gearmand: worker < JOB_ASSIGN {H} {f} x
        ours: worker < NO_JOB
        ours: worker > PRE_SLEEP
        ours: worker < NOOP
        ours: worker > GRAB_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="A broker that knows of no work answers without asking the store, on the way to which the job still "
        "is. A worker that goes to sleep over it is woken.",
    ),
)

"""Malformed input: what a server does with bytes that are not the protocol."""

from typing import Final

from tests.dialogues.notation import Dialogue

TOLD: Final = "gearmand hangs up without a word. Who made a mistake is told which, then it is hung up on."

DIALOGUES: Final = (
    Dialogue(
        "a header without the magic of the protocol ends the connection",
        r"""
        client > bytes \0BAD\0\0\0\x10\0\0\0\0
        ours: client < ERROR INVALID_MAGIC *
        client < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "a packet with the magic of a response is refused, and the connection stays",
        """
        client > res:ECHO_RES x
        client < ERROR INVALID_MAGIC Request magic expected
        client > res:SUBMIT_JOB {f} {u} x
        client < ERROR INVALID_MAGIC Request magic expected
        client > ECHO_REQ here
        client < ECHO_RES here
        """,
    ),
    Dialogue(
        "the type 0 ends the connection",
        """
        client > 0 ''
        ours: client < ERROR INVALID_COMMAND *
        client < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "the type 43, the first that is not defined, ends the connection",
        """
        client > 43 ''
        ours: client < ERROR INVALID_COMMAND *
        client < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "the type 1000 ends the connection",
        """
        client > 1000 ''
        ours: client < ERROR INVALID_COMMAND *
        client < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "the largest type there can be ends the connection",
        """
        client > 4294967295 ''
        ours: client < ERROR INVALID_COMMAND *
        client < closed
        ours: other > ECHO_REQ alive
        ours: other < ECHO_RES alive
        """,
        because="gearmand takes the number for -1 and crashes.",
        alone=True,
    ),
    Dialogue(
        "the types that the protocol sets aside are refused, and the connection stays",
        """
        client > 5 '' + ALL_YOURS
        client < ERROR INVALID_COMMAND Command not expected + ERROR INVALID_COMMAND Command not expected
        client > ECHO_REQ here
        client < ECHO_RES here
        """,
    ),
    Dialogue(
        "what only a server says is refused, and the connection stays",
        """
        client > NOOP + JOB_CREATED h + NO_JOB + JOB_ASSIGN h f x
        client < ERROR INVALID_COMMAND Command not expected + ERROR INVALID_COMMAND Command not expected
        client < ERROR INVALID_COMMAND Command not expected + ERROR INVALID_COMMAND Command not expected
        client > ECHO_RES x + ERROR c t + STATUS_RES h 1 1 1 1 + OPTION_RES o
        client < ERROR INVALID_COMMAND Command not expected + ERROR INVALID_COMMAND Command not expected
        client < ERROR INVALID_COMMAND Command not expected + ERROR INVALID_COMMAND Command not expected
        client > JOB_ASSIGN_UNIQ h f u x + JOB_ASSIGN_ALL h f u r x + STATUS_RES_UNIQUE u 1 1 1 1 1
        client < ERROR INVALID_COMMAND Command not expected + ERROR INVALID_COMMAND Command not expected
        client < ERROR INVALID_COMMAND Command not expected
        """,
    ),
    Dialogue(
        "a packet with a missing argument is refused",
        """
        client > SUBMIT_JOB_BG! {f} {u}
        gearmand: client > hang up
        ours: client < ERROR * *
        ours: client < closed
        """,
        because="gearmand waits, and takes bytes of the next packet as the argument. Here the body ends where the "
        "header says.",
    ),
    Dialogue(
        "a result whose NUL is missing, too, is an empty result",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE! {H}
        gearmand: client < nothing
        gearmand: worker > hang up
        ours: client < WORK_COMPLETE {H} ''
        """,
        because="Perl workers say an empty result so. gearmand waits for a NUL, and the client waits, too. The same "
        "holds for data, warnings and exceptions.",
    ),
    Dialogue(
        "a time limit that is missing is refused",
        """
        worker > CAN_DO_TIMEOUT! {f} + ECHO_REQ swallowed
        gearmand: worker > hang up
        ours: worker < ERROR * *
        ours: worker < closed
        """,
        because="gearmand swallows the packet behind it. Here the body ends where the header says.",
    ),
    Dialogue(
        "a job with a reducer and only four arguments, as the published protocol has it, is refused",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND! {f} {u} {g} x
        gearmand: client > hang up
        ours: client < ERROR * *
        ours: client < closed
        """,
        because="gearmand waits for the fifth argument for ever.",
    ),
    Dialogue(
        "a body shorter than the arguments it should hold is refused",
        r"""
        client > head SUBMIT_JOB_BG 5 + bytes {f}\0{u}\0x
        ours: client < ERROR * *
        client < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "a peer that leaves in the middle of a header is not missed",
        r"""
        client > bytes \0REQ\0\0
        client > hang up
        other > ECHO_REQ here
        other < ECHO_RES here
        """,
    ),
    Dialogue(
        "a job of which only a part arrived is no job",
        r"""
        client > head SUBMIT_JOB_BG 1000 + bytes {f}\0{u}\0part
        client > hang up
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a packet may take its time",
        """
        client > head ECHO_REQ 8 + bytes half
        other > ECHO_REQ meanwhile
        other < ECHO_RES meanwhile
        client > bytes done
        client < ECHO_RES halfdone
        """,
    ),
    Dialogue(
        "a packet that breaks the rules does not harm what was answered before it",
        """
        client > ECHO_REQ first + SUBMIT_JOB_BG {f} {u} x + 43 ''
        ours: client < ECHO_RES first + JOB_CREATED {H} + ERROR INVALID_COMMAND * + closed
        gearmand: client > hang up
        worker > CAN_DO {f} + GRAB_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        gearmand: worker < JOB_ASSIGN {H} {f} x
        """,
        because="gearmand hangs up at once, and answers that have not left are lost; the job is accepted on both.",
    ),
)

"""Limits: how long and how large things may be."""

from typing import Final

from tests.dialogues.notation import Dialogue

TOLD: Final = "gearmand hangs up without a word. Who made a mistake is told which, then it is hung up on."

DIALOGUES: Final = (
    Dialogue(
        "a function name of 8192 bytes is accepted",
        """
        worker > CAN_DO {f}{x*8182} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "a function name of 8193 bytes ends the connection",
        """
        worker > CAN_DO {f}{x*8183}
        ours: worker < ERROR ARGUMENT_TOO_LARGE *
        worker < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "a job for a function with a name of 8000 bytes is accepted",
        """
        client > SUBMIT_JOB_BG {f}{x*7990} {u} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f}{x*7990} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f}{x*7990} x
        """,
    ),
    Dialogue(
        "the empty name is a function's name, too",
        """
        client > SUBMIT_JOB_BG '' {u} x
        client < JOB_CREATED {H}
        worker > CAN_DO '' + GRAB_JOB
        worker < JOB_ASSIGN {H} '' x
        """,
        alone=True,
    ),
    Dialogue(
        "a unique of 63 bytes keeps all of them",
        """
        client > SUBMIT_JOB_BG {f} {u}{x*53} x + SUBMIT_JOB_BG {f} {u}{x*53} x
        client < JOB_CREATED {H} + JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {H} {f} {u}{x*53} x
        """,
    ),
    Dialogue(
        "a unique of 64 bytes keeps all of them",
        r"""
        client > SUBMIT_JOB_BG {f} {u}{x*54} x + SUBMIT_JOB_BG {f} {u}{x*54} x
        gearmand: client < JOB_CREATED {H} + JOB_CREATED {I}
        ours: client < JOB_CREATED {H} + JOB_CREATED {H}
        asker > GET_STATUS_UNIQUE {u}{x*54}
        gearmand: asker < no answer
        ours: asker < STATUS_RES_UNIQUE {u}{x*54} 1 0 0 0 0
        worker > CAN_DO {f} + GRAB_JOB_UNIQ
        gearmand: worker < JOB_ASSIGN_UNIQ {H} {f} {u}{x*53} \0x
        ours: worker < JOB_ASSIGN_UNIQ {H} {f} {u}{x*54} x
        """,
        because="gearmand keeps 63 bytes: such jobs never coalesce, nobody can ask for them, and their payload gains a "
        "leading NUL.",
    ),
    Dialogue(
        "a unique of 65 bytes is refused, and the connection stays",
        """
        client > SUBMIT_JOB_BG {f} {u}{x*55} x
        client < ERROR ARGUMENT_TOO_LARGE Unique value too large
        client > SUBMIT_JOB_EPOCH {f} {u}{x*55} 0 x
        client < ERROR ARGUMENT_TOO_LARGE Unique value too large
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        """,
    ),
    Dialogue(
        "a reducer of 65 bytes is refused, and the connection stays",
        """
        client > SUBMIT_REDUCE_JOB {f} {u} {x*65} '' x
        client < ERROR ARGUMENT_TOO_LARGE Unique value too large
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u} {x*65} '' x
        client < ERROR ARGUMENT_TOO_LARGE Unique value too large
        client > ECHO_REQ here
        client < ECHO_RES here
        """,
    ),
    Dialogue(
        "an option name of 64 bytes is unknown like any other",
        """
        client > OPTION_REQ {x*63} + OPTION_REQ {x*64} + OPTION_REQ {x*1000}
        client < ERROR UNKNOWN_OPTION Server does not recognize given option
        client < ERROR UNKNOWN_OPTION Server does not recognize given option
        client < ERROR UNKNOWN_OPTION Server does not recognize given option
        """,
    ),
    Dialogue(
        "a line of 8191 bytes is read",
        r"""
        admin > bytes {x*8191}\n
        admin < text ERR UNKNOWN_COMMAND Unknown+server+command{x*8191}\r\n
        """,
    ),
    Dialogue(
        "a longer line ends the connection",
        r"""
        admin > bytes {x*8300}
        ours: admin < text ERR * *\r\n
        admin < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "five words are read",
        r"""
        admin > text version 2 3 4 5
        admin < text OK *\n
        """,
    ),
    Dialogue(
        "a sixth word ends the connection",
        r"""
        admin > text version 2 3 4 5 6
        ours: admin < text ERR * *\r\n
        admin < closed
        """,
        because=TOLD,
    ),
    Dialogue(
        "a body of more than 64 MiB is refused when its header is there",
        """
        client > head ECHO_REQ 67108865
        gearmand: client > hang up
        ours: client < ERROR ARGUMENT_TOO_LARGE *
        ours: client < closed
        """,
        because="gearmand allocates what a header declares, up to 4 GiB, for anybody who sends twelve bytes.",
    ),
    Dialogue(
        "a reducer of 64 bytes keeps all of them",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u} {x*64} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL {H} {f} {u} {x*64} x
        """,
        alone=True,
    ),
    Dialogue(
        "a unique of 65 bytes is refused with a reducer, too",
        """
        client > SUBMIT_REDUCE_JOB_BACKGROUND {f} {u}{x*55} {g} '' x
        gearmand: client < JOB_CREATED {H}
        ours: client < ERROR ARGUMENT_TOO_LARGE Unique value too large
        """,
        because="gearmand looks at the reducer in place of the unique, and cuts the unique: such jobs never coalesce.",
    ),
)

"""Options, echo and client ids: OPTION_REQ, ECHO_REQ, SET_CLIENT_ID."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "the option exceptions is granted",
        """
        client > OPTION_REQ exceptions
        client < OPTION_RES exceptions
        """,
    ),
    Dialogue(
        "the option is understood in any case, and echoed as it was sent",
        """
        client > OPTION_REQ ExCePtIoNs
        client < OPTION_RES ExCePtIoNs
        """,
    ),
    Dialogue(
        "the option may be asked for with a NUL behind it, which is echoed, too",
        r"""
        client > OPTION_REQ exceptions\0
        client < OPTION_RES exceptions\0
        """,
    ),
    Dialogue(
        "the option may be asked for again",
        """
        client > OPTION_REQ exceptions + OPTION_REQ exceptions
        client < OPTION_RES exceptions + OPTION_RES exceptions
        """,
    ),
    Dialogue(
        "an option that nobody knows is refused, and so is none",
        """
        client > OPTION_REQ speed + OPTION_REQ '' + OPTION_REQ exception
        client < ERROR UNKNOWN_OPTION Server does not recognize given option
        client < ERROR UNKNOWN_OPTION Server does not recognize given option
        client < ERROR UNKNOWN_OPTION Server does not recognize given option
        client > OPTION_REQ exceptions
        client < OPTION_RES exceptions
        """,
    ),
    Dialogue(
        "an echo returns the same bytes",
        r"""
        client > ECHO_REQ a\0b\xff\r\n\0 + ECHO_REQ ''
        client < ECHO_RES a\0b\xff\r\n\0 + ECHO_RES ''
        """,
    ),
    Dialogue(
        "an echo of a million bytes returns whole",
        """
        client > ECHO_REQ {x*1000000}
        client < ECHO_RES {x*1000000}
        """,
    ),
    Dialogue(
        "SET_CLIENT_ID has no answer",
        """
        client > SET_CLIENT_ID {id}
        client < nothing
        """,
    ),
    Dialogue(
        "a client id is cut behind 127 bytes",
        """
        worker > SET_CLIENT_ID {id}{x*117} + CAN_DO {f}
        other > SET_CLIENT_ID {id}{x*118} + CAN_DO {g}
        other < nothing
        client > text workers
        client < list * 127.0.0.1 {id}{x*117} : {f} / * 127.0.0.1 {id}{x*117} : {g}
        """,
    ),
    Dialogue(
        "a NUL ends a client id",
        r"""
        worker > SET_CLIENT_ID {id}\0rest + CAN_DO {f}
        worker < nothing
        client > text workers
        client < list * 127.0.0.1 {id} : {f}
        """,
    ),
    Dialogue(
        "a client id is listed as it was given, blanks, tabs and other letters included",
        r"""
        worker > SET_CLIENT_ID {id}\sx\xe4\t + CAN_DO {f}
        worker < nothing
        client > text workers
        client < list *\s127.0.0.1\s{id}\sx\xe4\t\s:\s{f}
        """,
    ),
)

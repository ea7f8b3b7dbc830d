"""Working: WORK_DATA, WORK_WARNING, WORK_STATUS, WORK_COMPLETE, WORK_FAIL."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "data and warnings are relayed as they are, in order, and may be empty",
        r"""
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_DATA {H} a\0b + WORK_WARNING {H} \xff + WORK_DATA {H} '' + WORK_WARNING {H} '' + WORK_DATA {H} c
        client < WORK_DATA {H} a\0b + WORK_WARNING {H} \xff + WORK_DATA {H} '' + WORK_WARNING {H} '' + WORK_DATA {H} c
        """,
    ),
    Dialogue(
        "progress is relayed as it was said, and kept as a number",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 007 0100
        client < WORK_STATUS {H} 007 0100
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 7 100
        """,
    ),
    Dialogue(
        "of progress the latest counts, be it less",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 9 10 + WORK_STATUS {H} 1 5
        client < WORK_STATUS {H} 9 10 + WORK_STATUS {H} 1 5
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 1 5
        """,
    ),
    Dialogue(
        "progress in words counts as its leading digits",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 1.5 10%
        client < WORK_STATUS {H} 1.5 10%
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 1 10
        worker > WORK_STATUS {H} half all
        client < WORK_STATUS {H} half all
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 0 0
        """,
    ),
    Dialogue(
        "progress of less than nothing is nothing",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} -1 10
        client < WORK_STATUS {H} -1 10
        client > GET_STATUS {H}
        gearmand: client < STATUS_RES {H} 1 1 4294967295 10
        ours: client < STATUS_RES {H} 1 1 0 10
        """,
        because="gearmand reads a signed number as an unsigned one. Nobody has done four milliards of ten parts.",
    ),
    Dialogue(
        "a denominator of more than 11 characters",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 5 000000000010
        gearmand: worker < no answer
        gearmand: client < nothing
        ours: client < WORK_STATUS {H} 5 000000000010
        ours: client > GET_STATUS {H}
        ours: client < STATUS_RES {H} 1 1 5 10
        """,
        because="gearmand notes the numerator, drops the rest, tells nobody, and sometimes hangs up on the worker. "
        "Text is text: it is relayed, and its number kept.",
    ),
    Dialogue(
        "the progress of a background job is kept for those who ask",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 3 4
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 3 4
        """,
    ),
    Dialogue(
        "a failure is relayed, and ends the job",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_FAIL {H}
        client < WORK_FAIL {H}
        client > GET_STATUS {H}
        client < STATUS_RES {H} 0 0 0 0
        """,
    ),
    Dialogue(
        "a stray NUL behind the handle of a failure",
        r"""
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_FAIL {H}\0
        gearmand: client < WORK_FAIL {H}\0
        ours: client < WORK_FAIL {H}
        """,
        because="gearmand passes the NUL on, and clients of libgearman wait for ever. The handle is what a client "
        "knows.",
    ),
    Dialogue(
        "a worker is told nothing when it reports",
        """
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_DATA {H} d + WORK_WARNING {H} w + WORK_STATUS {H} 1 2 + WORK_COMPLETE {H} r
        worker < nothing
        """,
    ),
    Dialogue(
        "progress and ends of a job nobody knows are refused",
        """
        worker > WORK_STATUS H:no:1 1 2 + WORK_COMPLETE H:no:1 r + WORK_FAIL H:no:1
        worker < ERROR JOB_NOT_FOUND Job given in work result not found
        worker < ERROR JOB_NOT_FOUND Job given in work result not found
        worker < ERROR JOB_NOT_FOUND Job given in work result not found
        """,
    ),
    Dialogue(
        "data and warnings of a job nobody knows are refused in other words",
        """
        worker > WORK_DATA H:no:1 d + WORK_WARNING H:no:1 w
        worker < ERROR JOB_NOT_FOUND Job does not exist on server
        worker < ERROR JOB_NOT_FOUND Job does not exist on server
        """,
    ),
    Dialogue(
        "an exception of a job nobody knows is refused in words of its own",
        """
        worker > WORK_EXCEPTION H:no:1 e
        worker < ERROR JOB_NOT_FOUND An exception was received for a job that does not exist
        """,
    ),
    Dialogue(
        "a job that another worker runs cannot be reported on",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        stranger > CAN_DO {f} + WORK_COMPLETE {H} mine
        stranger < ERROR JOB_NOT_FOUND Job given in work result not found
        client < nothing
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a job that is queued cannot be reported on",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        stranger > CAN_DO {f} + WORK_FAIL {H}
        stranger < ERROR JOB_NOT_FOUND Job given in work result not found
        client < nothing
        """,
    ),
    Dialogue(
        "what a worker says of a job that it has ended reaches nobody",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r + WORK_DATA {H} late
        client < WORK_COMPLETE {H} r
        client < nothing
        gearmand: worker < ERROR JOB_NOT_FOUND Job does not exist on server
        worker < nothing
        """,
        because="An ERROR ends the loops of PHP and Perl workers; a worker that was once given the job gets none.",
    ),
    Dialogue(
        "an exception behind a result reaches nobody",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r + WORK_EXCEPTION {H} late
        client < WORK_COMPLETE {H} r
        client < nothing
        gearmand: worker < ERROR JOB_NOT_FOUND An exception was received for a job that does not exist
        worker < nothing
        """,
        because="An ERROR ends the loops of PHP and Perl workers; a worker that was once given the job gets none.",
    ),
    Dialogue(
        "a result of a run that was given back, and that nobody else has begun",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > CANT_DO {f} + WORK_COMPLETE {H} r
        gearmand: worker < ERROR JOB_NOT_FOUND Job given in work result not found
        ours: client < WORK_COMPLETE {H} r
        other > CAN_DO {f} + GRAB_JOB
        gearmand: other < JOB_ASSIGN {H} {f} x
        ours: other < NO_JOB
        """,
        because="The work is done: to take the late result saves a run, and the worker gets no ERROR that would end "
        "its loop.",
    ),
    Dialogue(
        "a handle that is too long is refused in words of its own",
        """
        worker > WORK_FAIL H:{x*62}
        worker < ERROR ARGUMENT_TOO_LARGE *
        """,
    ),
    Dialogue(
        "progress up to 32 bits is kept",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 4294967295 4294967295 + WORK_STATUS {H} '' ''
        client < WORK_STATUS {H} 4294967295 4294967295 + WORK_STATUS {H} '' ''
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 0 0
        worker > WORK_STATUS {H} 4294967294 4294967295
        client < WORK_STATUS {H} 4294967294 4294967295
        client > GET_STATUS {H}
        client < STATUS_RES {H} 1 1 4294967294 4294967295
        """,
    ),
    Dialogue(
        "progress beyond 32 bits",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 4294967297 4294967299
        client < WORK_STATUS {H} 4294967297 4294967299
        client > GET_STATUS {H}
        gearmand: client < STATUS_RES {H} 1 1 1 3
        ours: client < STATUS_RES {H} 1 1 4294967295 4294967295
        """,
        because="gearmand keeps the low 32 bits. What is too large is kept as the largest.",
    ),
    Dialogue(
        "a denominator of 11 characters",
        """
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_STATUS {H} 5 00000000010
        client < WORK_STATUS {H} 5 00000000010
        client > GET_STATUS {H}
        gearmand: client < STATUS_RES {H} 1 1 5 1
        ours: client < STATUS_RES {H} 1 1 5 10
        """,
        because="gearmand keeps ten digits of it.",
    ),
    Dialogue(
        "reports on a handle that is too long are refused like those on any that nobody knows",
        """
        worker > WORK_COMPLETE H:{x*62} r + WORK_STATUS H:{x*62} 1 2
        worker < ERROR JOB_NOT_FOUND Job given in work result not found
        worker < ERROR JOB_NOT_FOUND Job given in work result not found
        worker > WORK_DATA H:{x*62} d + WORK_EXCEPTION H:{x*62} e
        worker < ERROR JOB_NOT_FOUND Job does not exist on server
        worker < ERROR JOB_NOT_FOUND An exception was received for a job that does not exist
        """,
    ),
    Dialogue(
        "reports on several jobs reach their client in the order in which they were made",
        """
        client > SUBMIT_JOB {f} '' 1 + SUBMIT_JOB {f} '' 2
        client < JOB_CREATED {A} + JOB_CREATED {B}
        worker > CAN_DO {f} + GRAB_JOB + GRAB_JOB
        worker < JOB_ASSIGN {A} {f} 1 + JOB_ASSIGN {B} {f} 2
        worker > WORK_DATA {B} b + WORK_DATA {A} a + WORK_STATUS {B} 1 2 + WORK_FAIL {A} + WORK_COMPLETE {B} r
        client < WORK_DATA {B} b + WORK_DATA {A} a + WORK_STATUS {B} 1 2 + WORK_FAIL {A} + WORK_COMPLETE {B} r
        """,
    ),
)

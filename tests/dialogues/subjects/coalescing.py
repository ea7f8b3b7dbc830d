"""Coalescing: submits of one unique are one job."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "two clients with the same unique share one job, and both get all of it",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_DATA {H} d + WORK_WARNING {H} w + WORK_STATUS {H} 1 2 + WORK_COMPLETE {H} r
        anna < WORK_DATA {H} d + WORK_WARNING {H} w + WORK_STATUS {H} 1 2 + WORK_COMPLETE {H} r
        bert < WORK_DATA {H} d + WORK_WARNING {H} w + WORK_STATUS {H} 1 2 + WORK_COMPLETE {H} r
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "without a unique every submit is a job",
        """
        anna > SUBMIT_JOB_BG {f} '' x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB_BG {f} '' x
        bert < JOB_CREATED {I}
        """,
    ),
    Dialogue(
        "a connection that submits twice hears everything twice",
        """
        client > SUBMIT_JOB {f} {u} x + SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H} + JOB_CREATED {H}
        client > GET_STATUS_UNIQUE {u}
        client < STATUS_RES_UNIQUE {u} 1 0 0 0 2
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_DATA {H} d + WORK_COMPLETE {H} r
        client < WORK_DATA {H} d + WORK_DATA {H} d + WORK_COMPLETE {H} r + WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "who joins a running job hears what comes from then on",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_DATA {H} one
        anna < WORK_DATA {H} one
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > WORK_DATA {H} two + WORK_COMPLETE {H} r
        anna < WORK_DATA {H} two + WORK_COMPLETE {H} r
        bert < WORK_DATA {H} two + WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "a client that joins a background job hears its result, the one that submitted it does not",
        """
        anna > SUBMIT_JOB_BG {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        bert < WORK_COMPLETE {H} r
        anna < nothing
        """,
    ),
    Dialogue(
        "a background submit that joins a foreground job hears nothing of it",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB_BG {f} {u} x
        bert < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        anna < WORK_COMPLETE {H} r
        bert < nothing
        """,
    ),
    Dialogue(
        "background submits of one unique are one job",
        """
        anna > SUBMIT_JOB_BG {f} {u} x + SUBMIT_JOB_HIGH_BG {f} {u} y
        anna < JOB_CREATED {H} + JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "the first submit decides on payload and priority",
        """
        client > SUBMIT_JOB_LOW_BG {f} {u} first
        client < JOB_CREATED {L}
        client > SUBMIT_JOB_BG {f} {v} between
        client < JOB_CREATED {N}
        client > SUBMIT_JOB_HIGH_BG {f} {u} second
        client < JOB_CREATED {L}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {N} {f} between
        worker > GRAB_JOB
        worker < JOB_ASSIGN {L} {f} first
        """,
    ),
    Dialogue(
        "the same unique in another function is another job",
        """
        client > SUBMIT_JOB_BG {f} {u} x + SUBMIT_JOB_BG {g} {u} x
        client < JOB_CREATED {H} + JOB_CREATED {I}
        """,
    ),
    Dialogue(
        "uniques tell upper from lower case",
        """
        client > SUBMIT_JOB_BG {f} {u} x + SUBMIT_JOB_BG {f} {u:upper} x
        client < JOB_CREATED {H} + JOB_CREATED {I}
        """,
    ),
    Dialogue(
        "a unique is free again when its job is over",
        """
        client > SUBMIT_JOB_BG {f} {u} one
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} one
        worker > WORK_COMPLETE {H} r
        client > SUBMIT_JOB_BG {f} {u} two
        client < JOB_CREATED {I}
        worker > GRAB_JOB
        worker < JOB_ASSIGN {I} {f} two
        """,
    ),
    Dialogue(
        "a unique is free again when its job has failed",
        """
        client > SUBMIT_JOB {f} {u} one
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} one
        worker > WORK_FAIL {H}
        client < WORK_FAIL {H}
        client > SUBMIT_JOB {f} {u} two
        client < JOB_CREATED {I}
        """,
    ),
    Dialogue(
        "a submit joins its job also while that is queued again",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        lost > hang up
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_COMPLETE {H} r
        anna < WORK_COMPLETE {H} r
        bert < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "with the unique of a hyphen jobs of equal payload are one",
        """
        anna > SUBMIT_JOB {f} - {u}
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} - {u}
        bert < JOB_CREATED {H}
        cora > SUBMIT_JOB {f} - {v}
        cora < JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {H} {f} - {u}
        worker > WORK_COMPLETE {H} r
        anna < WORK_COMPLETE {H} r
        bert < WORK_COMPLETE {H} r
        """,
    ),
    Dialogue(
        "with the unique of a hyphen and no payload every submit is a job",
        """
        client > SUBMIT_JOB_BG {f} - '' + SUBMIT_JOB_BG {f} - ''
        client < JOB_CREATED {H} + JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB_UNIQ
        worker < JOB_ASSIGN_UNIQ {H} {f} - ''
        """,
    ),
    Dialogue(
        "a hyphen and a payload do not meet a job whose unique is that payload",
        """
        client > SUBMIT_JOB_BG {f} {u} {u}
        client < JOB_CREATED {H}
        client > SUBMIT_JOB_BG {f} - {u}
        gearmand: client < JOB_CREATED {H}
        ours: client < JOB_CREATED {I}
        """,
        because="gearmand keeps both in one table and compares the payloads: a curiosity of its hashing that nobody "
        "can rely on. Here a hyphen meets other hyphens only.",
    ),
    Dialogue(
        "a submit that joins a job wakes nobody",
        """
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        first > CAN_DO {f} + GRAB_JOB
        first < JOB_ASSIGN {H} {f} x
        sleeper > CAN_DO {f} + GRAB_JOB
        sleeper < NO_JOB
        sleeper > PRE_SLEEP
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        sleeper < nothing
        """,
    ),
    Dialogue(
        "a background submit makes the foreground job that it joins a background job",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB_BG {f} {u} x
        bert < JOB_CREATED {H}
        anna > hang up
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="Who submits in the background was given a handle and may rely on it: the job must not go with "
        "another's connection.",
    ),
    Dialogue(
        "a background job is kept when the last client that joined it leaves",
        """
        anna > SUBMIT_JOB_BG {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        bert > hang up
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="gearmand loses the job, though it was accepted in the background. Once background, always background.",
    ),
    Dialogue(
        "a client that joins a background job that runs hears the rest of it",
        """
        anna > SUBMIT_JOB_BG {f} {u} x
        anna < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        worker > WORK_DATA {H} one
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        worker > WORK_DATA {H} two + WORK_STATUS {H} 1 2 + WORK_COMPLETE {H} r
        bert < WORK_DATA {H} two + WORK_STATUS {H} 1 2 + WORK_COMPLETE {H} r
        anna < nothing
        """,
    ),
    Dialogue(
        "a background submit makes the foreground job that it joins while it runs a background job",
        """
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        bert > SUBMIT_JOB_BG {f} {u} x
        bert < JOB_CREATED {H}
        anna > hang up
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="Who submits in the background was given a handle and may rely on it: the job must not go with "
        "another's connection.",
    ),
    Dialogue(
        "a background job that runs is run again when its worker is lost, though a client that joined it has left",
        """
        anna > SUBMIT_JOB_BG {f} {u} x
        anna < JOB_CREATED {H}
        lost > CAN_DO {f} + GRAB_JOB
        lost < JOB_ASSIGN {H} {f} x
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        bert > hang up
        lost > hang up
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="gearmand loses the job, though it was accepted in the background. Once background, always background.",
    ),
    Dialogue(
        "with the unique of a hyphen a submit joins what runs, and not what is over",
        """
        anna > SUBMIT_JOB_BG {f} - {u}
        anna < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} {u}
        bert > SUBMIT_JOB {f} - {u}
        bert < JOB_CREATED {H}
        worker > WORK_COMPLETE {H} r
        bert < WORK_COMPLETE {H} r
        bert > SUBMIT_JOB {f} - {u}
        bert < JOB_CREATED {I}
        """,
    ),
    Dialogue(
        "with the unique of a hyphen, too, the same payload in another function is another job",
        """
        client > SUBMIT_JOB_BG {f} - {u} + SUBMIT_JOB_BG {g} - {u}
        client < JOB_CREATED {H} + JOB_CREATED {I}
        """,
    ),
    Dialogue(
        "with the unique of a hyphen a submit joins a job for later, and one with a reducer",
        """
        client > SUBMIT_JOB_EPOCH {f} - {now+3600} {u} + SUBMIT_JOB {f} - {u}
        client < JOB_CREATED {H} + JOB_CREATED {H}
        client > SUBMIT_REDUCE_JOB_BACKGROUND {g} - {h} '' {u} + SUBMIT_JOB_BG {g} - {u}
        client < JOB_CREATED {I} + JOB_CREATED {I}
        worker > CAN_DO {f} + CAN_DO {g} + GRAB_JOB_ALL
        worker < JOB_ASSIGN_ALL {I} {g} - {h} {u}
        worker > GRAB_JOB
        worker < NO_JOB
        """,
    ),
)

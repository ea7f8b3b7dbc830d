"""Text commands that tell or change something: version, getpid, verbose, ready, cancel, revive, create, drop, shutdown."""

from typing import Final

from tests.dialogues.notation import Dialogue

DIALOGUES: Final = (
    Dialogue(
        "version tells the version",
        r"""
        admin > text version
        admin < text OK *\n
        """,
    ),
    Dialogue(
        "getpid tells the number of the process",
        r"""
        admin > text getpid
        admin < text OK {P}\n
        admin > text getpid
        admin < text OK {P}\n
        """,
    ),
    Dialogue(
        "verbose tells what is logged",
        r"""
        admin > text verbose
        admin < text OK NOTICE\n
        """,
        flags=("--verbose=NOTICE",),
    ),
    Dialogue(
        "unless told otherwise, errors are logged, and what leads to them",
        r"""
        admin > text verbose
        gearmand: admin < text OK ERROR\n
        ours: admin < text OK WARNING\n
        """,
        because="Warnings say what can be lost and what to do about it, before it happens.",
    ),
    Dialogue(
        "cancel job ends a queued job, and its client is told",
        r"""
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        admin > text cancel job {H}
        admin < text OK\r\n
        client < WORK_FAIL {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "cancel job ends a background job that is queued",
        r"""
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        admin > text cancel job {H}
        admin < text OK\r\n
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        """,
    ),
    Dialogue(
        "cancel job tells all clients that wait for it",
        r"""
        anna > SUBMIT_JOB {f} {u} x
        anna < JOB_CREATED {H}
        bert > SUBMIT_JOB {f} {u} x
        bert < JOB_CREATED {H}
        admin > text cancel job {H}
        admin < text OK\r\n
        anna < WORK_FAIL {H}
        bert < WORK_FAIL {H}
        """,
    ),
    Dialogue(
        "a cancelled job that was queued is gone at once",
        r"""
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        admin > text cancel job {H}
        admin < text OK\r\n
        client < WORK_FAIL {H}
        client > GET_STATUS {H}
        gearmand: client < STATUS_RES {H} 1 0 0 0
        ours: client < STATUS_RES {H} 0 0 0 0
        admin > text status
        gearmand: admin < list {f}\t1\t0\t0
        ours: admin < list {f}\t0\t0\t0
        admin > text show jobs
        gearmand: admin < list {H}\t0\t1\t0
        ours: admin < list
        admin > text cancel job {H}
        gearmand: admin < text OK\r\n
        gearmand: client < WORK_FAIL {H}
        ours: admin < text ERR UNKNOWN_JOB\r\n
        """,
        because="gearmand marks the job and throws it away when a worker next looks; until then it counts everywhere, "
        "and can be cancelled again and again.",
    ),
    Dialogue(
        "the result of a job that was cancelled while it ran",
        r"""
        client > SUBMIT_JOB {f} {u} x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        admin > text cancel job {H}
        admin < text OK\r\n
        client < WORK_FAIL {H}
        worker < nothing
        worker > WORK_COMPLETE {H} r
        gearmand: client < WORK_COMPLETE {H} r
        client < nothing
        worker < nothing
        """,
        because="A client that was told the end of a job is told nothing behind it.",
    ),
    Dialogue(
        "a new submit of a cancelled job's unique is a job of its own",
        r"""
        anna > SUBMIT_JOB_BG {f} {u} x
        anna < JOB_CREATED {H}
        admin > text cancel job {H}
        admin < text OK\r\n
        bert > SUBMIT_JOB {f} {u} y
        gearmand: bert < JOB_CREATED {H}
        ours: bert < JOB_CREATED {I}
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {I} {f} y
        """,
        because="gearmand attaches the client to a job that it then throws away, and the client waits for ever.",
    ),
    Dialogue(
        "a job that nobody knows cannot be cancelled",
        r"""
        admin > text cancel job H:nowhere:1
        admin < text ERR UNKNOWN_JOB\r\n
        """,
    ),
    Dialogue(
        "cancel wakes nobody",
        r"""
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        other > CAN_DO {f} + GRAB_JOB
        other < JOB_ASSIGN {H} {f} x
        worker > CAN_DO {f} + GRAB_JOB
        worker < NO_JOB
        worker > PRE_SLEEP
        admin > text cancel job {H}
        admin < text OK\r\n
        worker < nothing
        """,
    ),
    Dialogue(
        "cancel with other words is refused",
        r"""
        admin > text cancel task H:nowhere:1
        admin < text ERR UNKNOWN_ERROR\r\n
        admin > text cancel job H:nowhere:1 H:nowhere:2
        admin < text ERR UNKNOWN_ERROR\r\n
        """,
    ),
    Dialogue(
        "cancel and show without their words are unknown",
        r"""
        admin > text cancel
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandcancel\r\n
        admin > text cancel job
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandcancel\r\n
        admin > text show
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandshow\r\n
        """,
    ),
    Dialogue(
        "show with other words is refused",
        r"""
        admin > text show foo
        admin < text ERR UNKNOWN_SHOW_ARGUMENTS\r\n
        admin > text show jobs x
        admin < text ERR UNKNOWN_SHOW_ARGUMENTS\r\n
        """,
    ),
    Dialogue(
        "create function makes a function known, also if it is known already",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text create function {f}
        admin < text OK\r\n
        admin > text status
        admin < list {f}\t0\t0\t0
        """,
    ),
    Dialogue(
        "create function on a line that ends in LF alone",
        r"""
        admin > bytes create function {f}x\n
        admin < text OK\r\n
        admin > text status
        gearmand: admin < list {f}\t0\t0\t0
        ours: admin < list {f}x\t0\t0\t0
        """,
        because="gearmand cuts off the last letter.",
    ),
    Dialogue(
        "drop function forgets a function",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text drop function {f}
        admin < text OK\r\n
        admin > text status
        admin < list
        """,
    ),
    Dialogue(
        "a function that nobody knows cannot be dropped",
        r"""
        admin > text drop function {f}
        admin < text ERR function not found\r\n
        """,
    ),
    Dialogue(
        "a function with workers cannot be dropped",
        r"""
        worker > CAN_DO {f}
        admin > text drop function {f}
        admin < text ERR there are still connected workers or executing clients\r\n
        """,
    ),
    Dialogue(
        "a function with queued jobs cannot be dropped",
        r"""
        client > SUBMIT_JOB_BG {f} '' x
        client < JOB_CREATED {H}
        admin > text drop function {f}
        gearmand: admin < text OK\r\n
        ours: admin < text ERR there are still connected workers or executing clients\r\n
        worker > CAN_DO {f} + GRAB_JOB
        gearmand: worker < NO_JOB
        ours: worker < JOB_ASSIGN {H} {f} x
        """,
        because="gearmand drops the function and leaves its jobs behind, never to run.",
        alone=True,
    ),
    Dialogue(
        "drop function tells upper from lower case",
        r"""
        admin > text create function {f}
        admin < text OK\r\n
        admin > text drop function {f:upper}
        gearmand: admin < text OK\r\n
        ours: admin < text ERR function not found\r\n
        """,
        because="Everywhere else function names tell upper from lower case.",
    ),
    Dialogue(
        "create and drop with the wrong words are refused",
        r"""
        admin > text create
        admin < text ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n
        admin > text create function
        admin < text ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n
        admin > text create queue {f}
        admin < text ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+create\r\n
        admin > text drop function
        admin < text ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+drop\r\n
        """,
    ),
    Dialogue(
        "ready tells whether the server can be used",
        r"""
        admin > text ready
        gearmand: admin < text ERR UNKNOWN_COMMAND Unknown+server+commandready\r\n
        ours: admin < text OK\r\n
        """,
        because="An addition, for load balancers and monitors: OK only when the store answers, else an ERR line with the "
        "reason.",
    ),
    Dialogue(
        "a job that was given up is listed by show dead, and revive job has it run again",
        r"""
        client > SUBMIT_JOB_BG {f} {u} x
        client < JOB_CREATED {H}
        anna > CAN_DO {f} + GRAB_JOB
        anna < JOB_ASSIGN {H} {f} x
        anna > hang up
        admin > text show dead
        gearmand: admin < text ERR UNKNOWN_SHOW_ARGUMENTS\r\n
        ours: admin < list {H}\t{f}\t*\t1
        admin > text revive job {H}
        gearmand: admin < text ERR UNKNOWN_COMMAND Unknown+server+commandrevive\r\n
        ours: admin < text OK\r\n
        ours: admin > text revive job {H}
        ours: admin < text ERR NOT_GIVEN_UP *\r\n
        bert > CAN_DO {f} + GRAB_JOB
        gearmand: bert < NO_JOB
        ours: bert < JOB_ASSIGN {H} {f} x
        """,
        because="gearmand throws away what it gives up. Here it is kept until an operator revives it, or cancels it.",
        flags=("--job-retries=1",),
    ),
    Dialogue(
        "shutdown stops the server",
        r"""
        admin > text shutdown
        gearmand: admin < text ERR UNKNOWN_COMMAND Unknown+server+commandshutdown\r\n
        ours: admin < text OK\r\n
        ours: admin < closed
        """,
        because="gearmand had this command up to 1.1.14, gearadmin still has the words for it, and scripts use it. It "
        "is granted to the loopback interface alone.",
        alone=True,
    ),
    Dialogue(
        "shutdown graceful waits for what runs, then stops the server",
        r"""
        client > SUBMIT_JOB {f} '' x
        client < JOB_CREATED {H}
        worker > CAN_DO {f} + GRAB_JOB
        worker < JOB_ASSIGN {H} {f} x
        admin > text shutdown graceful
        gearmand: admin < text ERR UNKNOWN_COMMAND Unknown+server+commandshutdown\r\n
        ours: admin < text OK\r\n
        worker > WORK_COMPLETE {H} r
        client < WORK_COMPLETE {H} r
        ours: client < closed
        ours: worker < closed
        ours: admin < closed
        """,
        because="gearmand had this command up to 1.1.14, gearadmin still has the words for it, and scripts use it. It "
        "is granted to the loopback interface alone.",
        alone=True,
    ),
    Dialogue(
        "a command that nobody knows is named in the refusal",
        r"""
        admin > text gladiator
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandgladiator\r\n
        admin > text GLADIATOR now
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandGLADIATOR\r\n
        """,
    ),
    Dialogue(
        "an empty line is an unknown command",
        r"""
        admin > bytes \r\n
        admin < text ERR UNKNOWN_COMMAND Unknown+server+command\r\n
        admin > bytes \n
        admin < text ERR UNKNOWN_COMMAND Unknown+server+command\r\n
        """,
    ),
    Dialogue(
        "a line that begins with a blank has no command",
        r"""
        admin > text \sstatus
        admin < text ERR UNKNOWN_COMMAND Unknown+server+command\r\n
        """,
    ),
    Dialogue(
        "a tab parts no words",
        r"""
        admin > text status\tnow
        admin < text ERR UNKNOWN_COMMAND Unknown+server+commandstatus\tnow\r\n
        """,
    ),
)

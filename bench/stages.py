"""Where the samples of a profile belong: to the kernel, or to the part of the broker that called.

A sample is a stack. Its innermost frame decides if it is a system call; else the innermost frame of a file that belongs
to a stage does, so that what C code took (hiredis, struct, malloc) is counted where it was asked for.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

KERNEL: Final = {
    "send": "kernel: send",
    "sendto": "kernel: send",
    "sendmsg": "kernel: send",
    "writev": "kernel: send",
    "recv": "kernel: recv",
    "recvfrom": "kernel: recv",
    "read": "kernel: recv",
    "epoll_wait": "kernel: epoll",
    "epoll_pwait": "kernel: epoll",
    "epoll_ctl": "kernel: epoll",
}
"""The C library's names of system calls."""
STAGES: Final = (
    ("protocol/", "codec"),
    ("persistence/pipe", "pipe to Redis"),
    ("persistence/connection", "pipe to Redis"),
    ("persistence/exchange", "pipe to Redis"),
    ("persistence/posted", "pipe to Redis"),
    ("persistence/", "store"),
    ("broker/", "broker"),
    ("trio/", "trio"),
    ("outcome/", "trio"),
    ("redis/", "pipe to Redis"),
    ("ssl.py", "TLS"),
)
"""From the beginning of a file's path, as the profiler shortens it, to the stage."""
WAITING: Final = "PyThread_acquire_lock"
"""A thread that waits for work; the profiler cannot tell that it sleeps."""
ELSEWHERE: Final = "the rest of Python"
_FRAME: Final = re.compile(r"^(?P<name>.*) \((?P<file>[^()]*?)(?::\d+)?\)$")


def stage_of(stack: str) -> str:
    """The stage of one stack, whose frames stand outermost first with semicolons between."""
    frames = [found for frame in reversed(stack.split(";")) if (found := _FRAME.match(frame))]
    if frames and ".so" in frames[0]["file"] and (call := KERNEL.get(frames[0]["name"].lstrip("_"))):
        return call
    for frame in frames:
        for beginning, stage in STAGES:
            if frame["file"].startswith(beginning):
                return stage
    return ELSEWHERE


def read_stacks(text: str) -> Counter[str]:
    """Samples by stack, from the profiler's raw format."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line and WAITING not in line)
    return Counter({stack: int(count) for stack, _, count in lines})


def by_stage(stacks: Counter[str]) -> dict[str, float]:
    """Which part of all samples belongs to each stage, the largest first."""
    counted: Counter[str] = Counter()
    for stack, count in stacks.items():
        counted[stage_of(stack)] += count
    whole = max(1, counted.total())
    return {stage: count / whole for stage, count in counted.most_common()}


def functions(stacks: Counter[str], own: bool) -> dict[str, float]:
    """Which part of all samples was in each function: by itself, or with what it called."""
    counted: Counter[str] = Counter()
    for stack, count in stacks.items():
        names = [_named(frame) for frame in stack.split(";")]
        for name in {names[-1]} if own else set(names):
            counted[name] += count
    whole = max(1, stacks.total())
    return {name: count / whole for name, count in counted.most_common()}


def _named(frame: str) -> str:
    """Without the line."""
    return re.sub(r":\d+\)$", ")", frame)


def microseconds(shares: dict[str, float], whole: float) -> Iterable[tuple[str, float]]:
    """From parts to what each takes of a whole."""
    return ((stage, share * whole) for stage, share in shares.items())

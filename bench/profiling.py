"""Where does the broker's time go under a load? Prints stages, functions, system calls and Redis commands of a job.

A broker of its own for each look, since a look disturbs: one undisturbed, for the costs; one sampled by py-spy (PyPI),
for the functions and the flame graph; one under strace, for the system calls. What is not installed is left out, and
said.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench import page, stages, stages_page
from bench.contest import Options, Scenario
from bench.contestants import BROKER, EVERYSEC, Running, start
from bench.machine import cpu_seconds, kernel_seconds
from bench.measuring import Measured, warm_up
from bench.scenarios import SCENARIOS

PROFILED: Final = (
    "bg_steady",
    "bg_pipelined",
    "bg_rate",
    "fg_roundtrip",
    "fg_fan",
    "fg_progress",
    "herd",
    "large_bg",
    "large_fg",
)
"""The scenarios that are one load: only there is it clear which job a cost belongs to."""
SAMPLES_A_SECOND: Final = 250
SHOWN: Final = 15
WRITE_SECONDS: Final = 60.0


@contextmanager
def broker() -> Iterator[Running]:
    """One that has done a few jobs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="profile-")))
        running = start(BROKER, stack, folder, EVERYSEC)
        warm_up(running)
        yield running


def undisturbed(scenario: Scenario, options: Options) -> tuple[Measured, list[str]]:
    """The figures, and lines on what Redis and the kernel did for a job."""
    with broker() as running:
        assert running.redis is not None
        redis = running.redis.client()
        redis.config_resetstat()
        before = [(cpu_seconds(pid), kernel_seconds(pid)) for pid in running.pids]
        figures = scenario.measure(running, options)
        after = [(cpu_seconds(pid), kernel_seconds(pid)) for pid in running.pids]
        kernel = [(now[1] - then[1]) / max(now[0] - then[0], 0.01) for then, now in zip(before, after, strict=True)]
        reads, writes = (redis.info("stats")[f"total_{what}_processed"] for what in ("reads", "writes"))
        lines = list(_commands(redis.info("commandstats"), figures["jobs"]))
    jobs = figures["jobs"]
    trips = f"trips to Redis: it read {reads / jobs:.3f} times a job, and wrote {writes / jobs:.3f} times"
    shares = f"within the kernel: {kernel[0]:.0%} of the broker's processor time, {kernel[1]:.0%} of Redis's"
    return figures, [shares, trips, *lines]


def _commands(found: dict[str, Any], jobs: float) -> Iterator[str]:
    yield f"{'Redis command':<28} {'calls/job':>10} {'us/job':>8}"
    for name, told in sorted(found.items(), key=lambda item: -item[1]["usec"])[:SHOWN]:
        yield f"{name.removeprefix('cmdstat_'):<28} {told['calls'] / jobs:>10.3f} {told['usec'] / jobs:>8.2f}"


def sampled(scenario: Scenario, options: Options, kind: str, file: Path) -> str:
    """A file by py-spy; returns its complaint if it could not."""
    spy = Path(sys.executable).with_name("py-spy")
    if not spy.exists():
        return "py-spy is not installed: pip install py-spy, or the extra `dev`"
    with broker() as running:
        command = [str(spy), "record", "--native", "--format", kind, "--rate", str(SAMPLES_A_SECOND)]
        command += ["--duration", "100000", "--output", str(file), "--pid", str(running.pid)]
        return beside(command, "Sampling", lambda: scenario.measure(running, options))


def system_calls(scenario: Scenario, options: Options) -> list[str]:
    """Lines on the system calls of a job by kind."""
    if not shutil.which("strace"):
        return ["strace is not installed: Debian's package strace has it"]
    with tempfile.TemporaryDirectory(prefix="profile-") as folder, broker() as running:
        file = Path(folder) / "calls"
        jobs = 0.0

        def run() -> None:
            nonlocal jobs
            jobs = scenario.measure(running, options)["jobs"]

        command = ["strace", "-c", "-f", "-o", str(file), "-p", str(running.pid)]
        if complaint := beside(command, "attached", run):
            return [complaint]
        return list(_calls(file.read_text(), jobs))


def _calls(summary: str, jobs: float) -> Iterator[str]:
    """From strace's table: % time, seconds, usecs/call, calls, errors where there are any, and the name."""
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d* +(\d+) +(?:\d+ +)?(\w+)$", summary, re.MULTILINE)
    counted = Counter({name: int(count) for count, name in rows if name != "total"})
    yield f"{'system call':<28} {'calls/job':>10}"
    for name, count in counted.most_common(SHOWN):
        yield f"{name:<28} {count / jobs:>10.3f}"
    yield f"{'all':<28} {counted.total() / jobs:>10.3f}"


def beside(command: list[str], sign: str, run: Callable[[], object]) -> str:
    """Run beside a tool that looks at the broker, from when it says the sign; returns the tool's complaint, if any."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as tool:
        assert tool.stdout is not None
        heard = []
        try:
            for line in tool.stdout:
                heard.append(line.strip())
                if sign in line:
                    run()
                    tool.send_signal(signal.SIGINT)
                    tool.communicate(timeout=WRITE_SECONDS)
                    return ""
        finally:
            tool.kill()  # one that looks on is told to end by nobody else, and leaving the block waits for its end
    said = " ".join(filter(None, heard))
    return f"{Path(command[0]).name} may not look at the broker here ({said}); root may, or kernel.yama.ptrace_scope=0"


def profile(scenario: Scenario, options: Options, flame: Path) -> dict[str, float]:
    """All looks at one scenario, printed. Returns microseconds of a job by stage."""
    figures, lines = undisturbed(scenario, options)
    cost = figures["server us/job"]
    print(f"{scenario.name}: {scenario.question.splitlines()[0]}")
    print(f"undisturbed: {figures['jobs/s']:,.0f} jobs/s, {cost:.0f} us of the broker and ", end="")
    print(f"{figures['Redis us/job']:.0f} us of Redis a job, {figures['NOOPs/job']:.2f} NOOPs a job")
    with tempfile.TemporaryDirectory(prefix="profile-") as folder:
        raw = Path(folder) / "raw"
        complaint = sampled(scenario, options, "raw", raw)
        stacks = stages.read_stacks(raw.read_text()) if not complaint else Counter[str]()
    if complaint:
        print(complaint)
    else:
        _print_samples(stacks, cost)
        print(f"\n{_waited(stacks, figures)}")
        complaint = sampled(scenario, options, "flamegraph", flame)
        print(complaint or f"flame graph: {flame}")
    print("\n".join(["", *lines, "", *system_calls(scenario, options), ""]))
    return {**dict(stages.microseconds(stages.by_stage(stacks), cost)), "Redis": figures["Redis us/job"]}


def _waited(stacks: Counter[str], figures: Measured) -> str:
    """What the samples cannot tell apart."""
    sampled, used = stacks.total() / SAMPLES_A_SECOND, figures["server us/job"] * figures["jobs"] / 1e6
    return (
        f"samples count a broker that runs or waits to run: {sampled:.1f} s, {used:.1f} s of processor undisturbed. "
        "Where these are far apart the machine was busy, and system calls that wake somebody look longer than they are"
    )


def _print_samples(stacks: Counter[str], cost: float) -> None:
    print(f"\n{'stage':<28} {'us/job':>8} {'part':>6}   of {stacks.total():,} samples")
    for stage, share in stages.by_stage(stacks).items():
        print(f"{stage:<28} {share * cost:>8.1f} {share:>6.1%}")
    for title, own in {"function, by itself": True, "function, with what it calls": False}.items():
        print(f"\n{title:<70} {'us/job':>8} {'part':>6}")
        for name, share in list(stages.functions(stacks, own).items())[:SHOWN]:
            print(f"{name:<70} {share * cost:>8.1f} {share:>6.1%}")


def main() -> None:
    """Read the flags, look."""
    parser = argparse.ArgumentParser(prog="python -m bench.profiling", description=__doc__)
    parser.add_argument("scenario", nargs="?", choices=PROFILED, default=PROFILED[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each look (default 4)")
    parser.add_argument("--flame", type=Path, help="where the flame graph goes (default flame-SCENARIO.svg)")
    parser.add_argument(
        "--page", action="store_true", help="refresh the table of docs/performance.md instead, from four scenarios"
    )
    given = parser.parse_args()
    options = Options(given.seconds)
    names = stages_page.SCENARIOS if given.page else (given.scenario,)
    with tempfile.TemporaryDirectory(prefix="profile-") as folder:
        found = {}
        for name in names:
            kept = Path(folder) / "flame.svg" if given.page else Path(f"flame-{name}.svg")
            found[name] = profile(SCENARIOS[name], options, given.flame or kept)
        if given.page:
            page.put(stages_page.NAME, stages_page.table(found))


if __name__ == "__main__":
    main()

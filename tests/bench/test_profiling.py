"""A profile of a moment says which calls were made; how long they took is nobody's business here."""

import sys
from pathlib import Path

import pytest

from bench.load import LoadError
from bench.profiling import beside, sampled, system_calls, undisturbed
from bench.scenarios import SCENARIOS
from bench.stages import by_stage, read_stacks
from tests.bench.test_scenarios import TINY
from tests.programs import missing, require_program

ROUND_TRIP = SCENARIOS["fg_roundtrip"]
REFUSED = "may not look"


def test_redis_commands_of_a_job_are_told() -> None:
    figures, lines = undisturbed(ROUND_TRIP, TINY)
    assert figures["jobs"] > 0
    assert any(line.startswith("evalsha ") for line in lines)


def test_system_calls_of_a_job_are_counted_by_kind() -> None:
    require_program("strace", "strace")
    lines = system_calls(ROUND_TRIP, TINY)
    if REFUSED in lines[0]:
        missing(lines[0])
    counted = {line.split()[0]: float(line.split()[1]) for line in lines[1:]}
    assert counted["all"] > counted["recvfrom"] > 1


def test_samples_fall_into_stages(tmp_path: Path) -> None:
    if complaint := sampled(ROUND_TRIP, TINY, "raw", tmp_path / "raw"):
        missing(complaint)
    assert by_stage(read_stacks((tmp_path / "raw").read_text()))


def test_a_load_that_fails_does_not_wait_for_the_tool_that_looks_on() -> None:
    looks_on = "import time; print('looking', flush=True); time.sleep(10_000)"

    def fail() -> None:
        raise LoadError("the server fell silent")

    with pytest.raises(LoadError, match="fell silent"):
        beside([sys.executable, "-c", looks_on], "looking", fail)

"""The life of a job, held beside a model of it (`MODEL_EXAMPLES=20000` for a long run with chance in it)."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from persistence.scripts import ALL
from tests.persistence.model.line import Line
from tests.persistence.model.machine import History
from tests.persistence.model.small import SMALLER
from tests.servers import RedisServer

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))


@pytest.fixture
def line(redis_server: RedisServer) -> Iterator[Line]:
    """A conversation with the server."""
    line = Line(redis_server)
    yield line
    line.close()


def test_redis_and_the_model_agree_after_every_step_of_any_history(line: Line) -> None:
    History.line = line
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=EXAMPLES or 120,
            stateful_step_count=50,
            derandomize=not EXAMPLES,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("number", SMALLER)
def test_every_number_made_small_stands_in_a_script(number: str) -> None:
    assert any(number in script.text for script in ALL)

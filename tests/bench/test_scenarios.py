"""Each scenario asks what it should, in a moment and with tiny numbers: the shape of the output, never its speed."""

import math
from collections.abc import Iterator

import pytest

from bench.contest import Options
from bench.contestants import Running
from bench.measuring import LOAD_CPU, OTHERS
from bench.scenarios import SCENARIOS
from tests.processes import BrokerProcess
from tests.servers import RedisServer, find_engine

TINY = Options(0.1, processes=1, jobs=40, depths=(20, 40), fill_seconds=1.0, sleepers=10, crowds=(1, 3))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One broker for all scenarios: none of them minds what another has left queued."""
    redis = RedisServer(find_engine("valkey"))
    redis.start()
    try:
        with BrokerProcess(tmp_path_factory.mktemp("bench") / "data", "--redis", redis.url) as broker:
            yield Running((broker.host, broker.port), broker.pid, redis)
    finally:
        redis.clean_up()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_a_figure_for_each_of_its_columns(running: Running, name: str) -> None:
    scenario = SCENARIOS[name]
    figures = scenario.measure(running, TINY)
    wanted = {*scenario.columns, LOAD_CPU, OTHERS}
    if name in ("scaling", "crowd"):  # columns that tell depths and crowds larger than these
        wanted -= {column for column in wanted if any(digit in column for digit in "0123456789")}
    assert wanted <= set(figures)
    assert all(math.isfinite(figure) for figure in figures.values())
    assert figures.get("jobs", 1) > 0

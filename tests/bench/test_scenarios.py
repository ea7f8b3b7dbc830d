"""Each scenario asks what it should, in a moment and with tiny numbers: the shape of what comes out, not its speed."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.contest import Options, Scenario, table, take_turns
from bench.contestants import BARE, BROKER, EVERYSEC, Running
from bench.load import Load, LoadError, run_loads, shares
from bench.measuring import LOAD_CPU, OTHERS, Measured, measure
from bench.options import VARIANTS, take_turn
from bench.scenarios import SCENARIOS
from tests.ports import private_port
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


@pytest.mark.parametrize("name", [name for name in SCENARIOS if BARE in SCENARIOS[name].contestants])
def test_the_floor_does_what_it_is_asked_where_it_is_measured(name: str) -> None:
    (turn,) = take_turns(SCENARIOS[name], TINY, EVERYSEC, [BARE], 1)
    assert turn.trouble == ""
    assert turn.figures["jobs"] == turn.figures["submitted"] > 0
    assert turn.figures["Redis commands/job"] == pytest.approx(2, abs=1)


def failing(running: Running, options: Options) -> Measured:
    raise LoadError("UnexpectedPacketError: a client was sent a packet of type 19")


def test_a_scenario_that_fails_is_told_and_stops_nothing() -> None:
    scenario = Scenario("failing", "Does it go on?", failing, ("jobs/s",))
    turns = list(take_turns(scenario, TINY, EVERYSEC, [BROKER], 1))
    assert [turn.trouble for turn in turns] == [
        "LoadError: UnexpectedPacketError: a client was sent a packet of type 19"
    ]
    assert "broker failed: LoadError" in table(scenario, {BROKER: turns})


def test_a_server_that_is_not_installed_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.contestants.GEARMAND", "/nonexistent")
    assert list(take_turns(SCENARIOS["bg_steady"], TINY, EVERYSEC, ["gearmand"], 2)) == []
    assert capsys.readouterr().err.count("left out: gearmand is not installed") == 1


def test_a_load_is_shared_out_whole() -> None:
    parts = shares(Load(clients=5, workers=16, jobs=101, rate=10.0, processes=3))
    assert [part.clients for part in parts] == [2, 2, 1]
    assert [part.workers for part in parts] == [6, 5, 5]
    assert sum(part.jobs for part in parts) == 101
    assert sum(part.rate for part in parts) == pytest.approx(10.0)


def test_each_process_of_a_load_has_clients_and_workers() -> None:
    assert [part.workers for part in shares(Load(clients=5, workers=2, processes=3))] == [1, 1]
    assert [part.clients for part in shares(Load(clients=5, processes=3))] == [2, 2, 1]


def test_two_processes_of_a_load_do_all_that_was_submitted(running: Running) -> None:
    figures = measure(running, Load(clients=3, workers=3, jobs=101, function=b"shared"))
    assert figures["submitted"] == figures["jobs"] == 101


def test_a_server_that_is_away_fails_the_load() -> None:
    with pytest.raises(LoadError, match="ConnectionRefusedError"):
        run_loads(("127.0.0.1", private_port()), [Load(clients=1)])


def test_a_load_may_be_encrypted_and_without_uniques() -> None:
    encrypted = VARIANTS["TLS"]
    assert take_turn(replace(encrypted, load=replace(encrypted.load, unique=False)), 0.1)["jobs"] > 0

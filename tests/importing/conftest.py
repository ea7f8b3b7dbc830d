"""Sources and targets of imports."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.importing.gearmands import QueueingGearmand, sqlite_flags
from tests.processes import GEARMAND
from tests.programs import require_program
from tests.servers import RedisServer

MakeGearmand = Callable[..., QueueingGearmand]


@pytest.fixture
def make_gearmand(tmp_path: Path) -> Iterator[MakeGearmand]:
    """Makes gearmands with the flags given, not started yet."""
    require_program(GEARMAND, "gearman-job-server")
    made: list[QueueingGearmand] = []

    def make(*flags: str, port: int | None = None) -> QueueingGearmand:
        made.append(QueueingGearmand(tmp_path, *flags, port=port))
        return made[-1]

    yield make
    for gearmand in made:
        gearmand.clean_up()


@pytest.fixture
def queue_file(tmp_path: Path) -> Path:
    """Where a gearmand may keep its queue."""
    return tmp_path / "queue.db"


@pytest.fixture
def sqlite_gearmand(make_gearmand: MakeGearmand, queue_file: Path) -> QueueingGearmand:
    """A gearmand that keeps its queue in `queue_file`."""
    return make_gearmand(*sqlite_flags(queue_file))


@pytest.fixture
def source(make_server: Callable[..., RedisServer]) -> RedisServer:
    """A running Redis for a gearmand to keep its queue in."""
    server = make_server()
    server.start()
    return server


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the embedded store of a broker may be; a short path, for a unix socket lives in it."""
    return tmp_path_factory.mktemp("i") / "data"

"""The servers, and what must be installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gearman_servers import own_server, server, server_kind
from tests.interop.libraries import LIBRARIES, Library, find
from tests.processes import BrokerProcess
from tests.programs import require_program

__all__ = ["own_server", "server", "server_kind"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """Our broker on an embedded store of its own."""
    with BrokerProcess(tmp_path / "data") as running:
        yield running


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Library:
    """Each of the libraries in turn."""
    name: str = request.param
    return find(name)


@pytest.fixture(scope="session")
def php() -> Library:
    """PHP's gearman extension."""
    return find("php")


@pytest.fixture(scope="session")
def gearman_tools() -> None:
    """The commands gearman and gearadmin."""
    require_program("gearman", "gearman-tools")
    require_program("gearadmin", "gearman-tools")

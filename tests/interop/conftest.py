"""The servers, and what must be installed."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import GEARMAND, BrokerProcess, GearmandProcess, ServerProcess
from tests.programs import missing, require_program


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """Our broker on an embedded store of its own."""
    with BrokerProcess(tmp_path / "data") as running:
        yield running


@pytest.fixture(params=["gearmand", "broker"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    """Each of the two servers in turn."""
    if request.param == "broker":
        running: ServerProcess = request.getfixturevalue("broker")
        yield running
        return
    require_program(GEARMAND, "gearman-job-server")
    with GearmandProcess(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def php() -> str:
    """The php command, with its gearman extension."""
    require_program("php", "php-cli")
    loaded = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout.split()
    if "gearman" not in loaded:
        missing("PHP has no gearman extension; Debian's package php-gearman has it")
    return shutil.which("php") or "php"


@pytest.fixture(scope="session")
def gearman_tools() -> None:
    """The commands gearman and gearadmin."""
    require_program("gearman", "gearman-tools")
    require_program("gearadmin", "gearman-tools")

"""Real brokers, started by the words of a command line."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import BrokerProcess


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("GEARMAND_", "TRIO_GEARMAN_")):
            monkeypatch.delenv(name)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new directory with a short path, for unix sockets will be in it."""
    with tempfile.TemporaryDirectory(prefix="tg-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def broker(folder: Path) -> Iterator[BrokerProcess]:
    """A broker on its embedded store, not started yet; more flags may be set."""
    process = BrokerProcess(folder / "data")
    yield process
    process.clean_up()

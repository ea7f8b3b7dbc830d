"""A broker for the examples that are given one."""

from collections.abc import Iterator

import pytest

from tests.processes import BrokerProcess


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """A server that the examples share."""
    with BrokerProcess(tmp_path_factory.mktemp("e") / "data") as running:
        yield running

"""The servers, for as long as there are dialogues to hold."""

from collections.abc import Iterator

import pytest

from tests.dialogues.servers import Servers


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Both servers, with whatever flags a dialogue wants."""
    started = Servers(lambda: tmp_path_factory.mktemp("d"))
    yield started
    started.clean_up()

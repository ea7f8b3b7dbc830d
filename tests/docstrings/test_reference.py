"""docs/reference has every name that is offered."""

from types import ModuleType

import pytest

import broker
import client
import client.blocking
import gearman_testing
import worker
from tests.programs import ROOT

REFERENCE = ROOT / "docs" / "reference"


def listed(package: ModuleType) -> set[str]:
    """The names that the package's page tells about."""
    page = (REFERENCE / f"{package.__name__.replace('.', '-')}.md").read_text()
    return {name for name in package.__all__ if f":: {package.__name__}.{name}\n" in page}


@pytest.mark.parametrize(
    "package", [client, client.blocking, gearman_testing, broker], ids=lambda package: package.__name__
)
def test_a_page_has_every_name(package: ModuleType) -> None:
    assert set(package.__all__) - listed(package) == set()


def test_the_workers_page_has_what_the_clients_has_not() -> None:
    missing = set(worker.__all__) - listed(worker)
    assert missing <= listed(client)
    assert all(getattr(worker, name) is getattr(client, name) for name in missing)

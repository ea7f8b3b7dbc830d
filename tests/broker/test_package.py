"""What `broker` offers to programs that embed one, and what importing it does not cost."""

import subprocess
import sys

import pytest

import broker
from broker import app, core, settings
from tests.programs import ROOT


def test_the_package_offers_the_names_that_an_embedding_program_needs() -> None:
    assert broker.open_broker is app.open_broker
    assert broker.serve is app.serve
    assert broker.Settings is settings.Settings
    assert broker.Broker is core.Broker
    assert set(broker.__all__) <= set(dir(broker))


def test_a_name_that_it_has_not_is_told_with_those_it_has() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'open_brokr'; it has .*open_broker"):
        broker.open_brokr  # noqa: B018 - naming it is what is tested


def test_importing_it_imports_nothing_else_of_weight() -> None:
    program = "import sys, broker; print(*{'trio', 'pydantic', 'redis', 'hiredis', 'broker.app'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_it_can_be_imported_where_the_system_has_no_epoll() -> None:
    program = "import select, trio; del select.epoll; import broker.app, broker.__main__; print(broker.app.__name__)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("broker.app\n", "")


@pytest.mark.parametrize("package", ["protocol", "persistence", "broker", "peer", "client", "worker"])
def test_every_package_says_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()

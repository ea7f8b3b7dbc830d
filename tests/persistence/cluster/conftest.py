"""A cluster in the place of the server of a test. One for each engine, as it takes two seconds to start."""

import pytest

from tests.clusters import Cluster
from tests.persistence.store.conftest import broker, other, start

__all__ = ["broker", "other", "start"]


@pytest.fixture
def redis_server(cluster: Cluster) -> Cluster:
    """For tests that were written for one server."""
    return cluster

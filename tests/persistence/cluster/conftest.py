"""A cluster in the place of the server of a test. One for each engine, as it takes two seconds to start."""

from collections.abc import Iterator

import pytest

from tests.clusters import Cluster
from tests.persistence.store.conftest import broker, other, start
from tests.servers import find_engine

__all__ = ["broker", "other", "start"]


@pytest.fixture(scope="module", params=["redis", "valkey"])
def mortal_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three primaries with a replica each, any of which may be killed."""
    cluster = Cluster(find_engine(request.param), replicas=1)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.clean_up()


@pytest.fixture
def redis_server(cluster: Cluster) -> Cluster:
    """For tests that were written for one server."""
    return cluster

"""The servers that the examples talk to."""

from tests.gearman_servers import server, server_kind

__all__ = ["server", "server_kind"]

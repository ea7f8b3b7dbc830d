"""The servers that the examples talk to."""

from tests.gearman_servers import own_server, server, server_kind

__all__ = ["own_server", "server", "server_kind"]

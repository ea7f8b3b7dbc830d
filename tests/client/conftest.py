"""The servers a client talks to."""

from tests.gearman_servers import function, own_server, second_server, server, server_kind

__all__ = ["function", "own_server", "second_server", "server", "server_kind"]

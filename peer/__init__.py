"""What a client and a worker have in common: the functions they agree on, servers' addresses, and the way to them.

Both may import it, and it imports neither. It knows sockets and values, and nothing of jobs under way.
`peer.dial`, which meets trio, is imported by name only, so that the rest needs no trio.
"""

from peer.address import DEFAULT_PORT, ServerAddress, parse_address, parse_addresses
from peer.backoff import Backoff
from peer.codec import JSON, Codec
from peer.errors import PayloadError
from peer.function import Function

__all__ = [
    "DEFAULT_PORT",
    "JSON",
    "Backoff",
    "Codec",
    "Function",
    "PayloadError",
    "ServerAddress",
    "parse_address",
    "parse_addresses",
]

"""What a client and a worker have in common: the functions they agree on, servers' addresses, and the way to them.

Both may import it, and it imports neither. It knows sockets and values, and nothing of jobs under way.
"""

from peer.address import DEFAULT_PORT, ServerAddress, parse_address, parse_addresses
from peer.backoff import Backoff
from peer.codec import JSON, Codec
from peer.dial import dial
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
    "dial",
    "parse_address",
    "parse_addresses",
]

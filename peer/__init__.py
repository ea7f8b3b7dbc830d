"""What a client and a worker have in common: servers' addresses, the way to them, and the pauses between attempts.

Both may import it, and it imports neither. It knows sockets and nothing of jobs.
"""

from peer.address import DEFAULT_PORT, ServerAddress, parse_address, parse_addresses
from peer.backoff import Backoff
from peer.dial import dial

__all__ = ["DEFAULT_PORT", "Backoff", "ServerAddress", "dial", "parse_address", "parse_addresses"]

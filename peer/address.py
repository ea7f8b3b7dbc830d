"""Where servers listen, as people write it."""

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["DEFAULT_PORT", "ServerAddress", "parse_address", "parse_addresses"]

DEFAULT_PORT = 4730  # IANA's for Gearman


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> ServerAddress:
    """Reads ``host``, ``host:port``, ``[ipv6]`` or ``[ipv6]:port``; ValueError tells what else is wrong.

    >>> parse_address("jobs.example.org")
    ServerAddress(host='jobs.example.org', port=4730)
    >>> str(parse_address("[::1]:4731"))
    '[::1]:4731'
    """
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError(f"not a server address: {text!r} (an IPv6 address is written [::1]:4730)")
        port = rest[1:] if rest else str(DEFAULT_PORT)
    else:
        host, colon, port = text.partition(":")
        if ":" in port:
            raise ValueError(f"not a server address: {text!r} (an IPv6 address is written [::1]:4730)")
        port = port if colon else str(DEFAULT_PORT)
    if not host:
        raise ValueError(f"not a server address: {text!r} (there is no host)")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"not a server address: {text!r} (a port is a number from 1 to 65535)")
    return ServerAddress(host, int(port))


def parse_addresses(texts: Iterable[str]) -> tuple[ServerAddress, ...]:
    """Reads several, in order; ValueError if there is none, or if one stands there twice; TypeError if one is no text.

    >>> [str(address) for address in parse_addresses(["a", "b:4731"])]
    ['a:4730', 'b:4731']
    """
    given = tuple(texts)
    for text in given:
        if not isinstance(text, str):  # a list of all of them, as other libraries want it
            raise TypeError(
                f"a server's address is text such as '127.0.0.1:4730', each an argument of its own, not {text!r}"
            )
    addresses = tuple(map(parse_address, given))
    if not addresses:
        raise ValueError("no server is named: at least one address is needed, such as 127.0.0.1:4730")
    for address in addresses:
        if addresses.count(address) > 1:
            raise ValueError(f"the server {address} is named twice")
    return addresses

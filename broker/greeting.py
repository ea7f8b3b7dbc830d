"""The three lines of a start: where the broker listens, where its data is, how to send it a job."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address


def greeting(addresses: Sequence[tuple[str, int]], data: str) -> str:
    """Three lines, without a line end behind the last.

    The job of the third is a background job, for a foreground one would wait for a worker that a newcomer
    does not have yet.

    Args:
        addresses: where the broker listens, one at least.
        data: where its data is, in one line.
    """
    listening = ", ".join(_joined(host, port) for host, port in addresses)
    host, port = addresses[0]
    return (
        f"Listening on {listening}\n"
        f"Data in {data}\n"
        f"Send it a job: echo hello | gearman -h {_reachable(host)} -p {port} -b -f sendEmail"
        "   (Debian: gearman-tools; from Python: see README.md)"
    )


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reachable(host: str) -> str:
    """An address to connect to, for one to listen on: one that stands for all of them cannot be called."""
    address = ip_address(host.partition("%")[0])
    if not address.is_unspecified:
        return host
    return "::1" if isinstance(address, IPv6Address) else "127.0.0.1"

"""Which node has which slot, asked of whichever node answers. Blocking, for a worker thread: redis-py does it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.cluster import parse_cluster_slots
from redis.retry import Retry

from persistence.errors import StoreClusterError, StoreError, StoreRefusedError, StoreUnavailableError
from persistence.options import RedisOptions

SLOTS: Final = 16_384
PATIENCE_SECONDS: Final = 1.0
"""How long one node may take to say it. There are others, and a node that fails over is worth no more."""


class Address(NamedTuple):
    """Where a node is."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class SlotMap:
    """Who has which slot, as one node sees it.

    Attributes:
        owners: the primary of each slot; None: nobody serves it.
        nodes: every node that was named, replicas too.
    """

    owners: tuple[Address | None, ...]
    nodes: frozenset[Address]

    @property
    def primaries(self) -> frozenset[Address]:
        """The nodes that have slots."""
        return frozenset(owner for owner in self.owners if owner is not None)

    @property
    def uncovered(self) -> int:
        """How many slots nobody serves."""
        return sum(owner is None for owner in self.owners)


NOBODY: Final = SlotMap((None,) * SLOTS, frozenset())


def options_of(options: RedisOptions, address: Address) -> RedisOptions:
    """How to reach one node, as whom one reaches them all."""
    return replace(options, host=address.host, port=address.port)


def read_slots(options: RedisOptions, candidates: Iterable[Address]) -> SlotMap:
    """Ask one node after the other, until one answers.

    Raises:
        StoreClusterError: it is no node of a cluster.
        StoreRefusedError: it does not let us ask.
        StoreUnavailableError: none answered.
    """
    reason = "nobody is named"
    for node in (options_of(options, address) for address in candidates):
        try:
            return _ask(node)
        except redis.AuthenticationError as error:
            raise _not_let_in(error, node) from error
        except redis.ResponseError as error:
            raise _refused(error, node) from error
        except (redis.RedisError, OSError) as error:
            reason = f"{node.address}: {_reason(error)}"
    raise StoreUnavailableError(f"no node of the Redis Cluster at {options.cluster_address} answers; {reason}")


def _ask(options: RedisOptions) -> SlotMap:
    client = redis.Redis(**_arguments(options))
    try:
        answer: Any = client.execute_command("CLUSTER", "SLOTS")
    finally:
        client.close()
    owners: list[Address | None] = [None] * SLOTS
    nodes: set[Address] = set()
    for (first, last), servers in parse_cluster_slots(answer, current_host=options.host).items():
        primary = Address(*servers["primary"][:2])
        nodes |= {primary, *(Address(*replica[:2]) for replica in servers["replicas"])}
        owners[first : last + 1] = [primary] * (last + 1 - first)
    return SlotMap(tuple(owners), frozenset(nodes))


def _arguments(options: RedisOptions) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "host": options.host,
        "port": options.port,
        "username": options.username,
        "password": options.password,
        "client_name": f"{options.client_name}:slots",
        "socket_timeout": PATIENCE_SECONDS,
        "socket_connect_timeout": PATIENCE_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    tls = options.tls
    if tls is not None:
        arguments |= {
            "ssl": True,
            "ssl_ca_certs": str(tls.ca_certs) if tls.ca_certs else None,
            "ssl_ca_path": str(tls.ca_path) if tls.ca_path else None,
            "ssl_certfile": str(tls.certfile) if tls.certfile else None,
            "ssl_keyfile": str(tls.keyfile) if tls.keyfile else None,
            "ssl_password": tls.password,
            "ssl_cert_reqs": tls.cert_reqs,
            "ssl_check_hostname": tls.check_hostname,
        }
    return arguments


def _refused(error: redis.ResponseError, options: RedisOptions) -> StoreError:
    text = _line(error)
    if "cluster support disabled" in text or "unknown command" in text:
        return StoreClusterError(
            f"Redis at {options.address} is no node of a cluster: name it by redis://, or set its cluster-enabled yes"
        )
    word, _, rest = text.partition(" ")
    known = word if word.isupper() else "ERR"
    return StoreRefusedError(known, f"{rest if known == word else text} (CLUSTER SLOTS at {options.address})")


def _not_let_in(error: redis.AuthenticationError, options: RedisOptions) -> StoreError:
    who = f"user {options.username or 'default'} at {options.address}"
    if options.password is None:
        return StoreRefusedError("NOAUTH", f"Redis asks for a password and none is given ({who})")
    return StoreRefusedError("WRONGPASS", f"{_line(error).removeprefix('WRONGPASS ')} ({who})")


def _reason(error: BaseException) -> str:
    """The cause alone: redis-py names an address in front, and the line has named it."""
    return _line(error).rpartition("connecting to ")[2].partition(". ")[2].rstrip(".") or _line(error)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__

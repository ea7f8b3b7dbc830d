"""Where Redis is and who we are to it: plain data, cheap to import.

Reading a URL is in `persistence.redis_url`, which imports redis-py; that costs a quarter of a second at
start, and a broker on its embedded store has no URL to read.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

CONNECT_TIMEOUT_SECONDS = 5.0
"""How long one attempt to connect may take, and how long the first connection is tried for."""

SILENCE_SECONDS = 5.0
"""How long Redis may say nothing while it owes us an answer. As long as a submit waits (store-timeout)."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """How a TLS connection proves who is at either end; redis-py spells these with `ssl_` in front.

    Attributes:
        ca_certs: file of the certificates that may vouch for the server; None: those the system trusts.
        ca_path: directory of such certificates.
        certfile: our own certificate, when the server asks for one.
        keyfile: its private key, unless it stands in `certfile`.
        password: what the private key is encrypted with.
        cert_reqs: whether the server must show a certificate that holds.
        check_hostname: whether that certificate must name the host we called.
    """

    ca_certs: Path | None = None
    ca_path: Path | None = None
    certfile: Path | None = None
    keyfile: Path | None = None
    password: str | None = field(default=None, repr=False)
    cert_reqs: ssl.VerifyMode = ssl.CERT_REQUIRED
    check_hostname: bool = True

    def context(self) -> ssl.SSLContext:
        """Read the files anew for one connection, so that a renewed certificate is picked up.

        Raises:
            OSError: a file is missing, not readable, or not PEM (ssl.SSLError is an OSError).
        """
        context = ssl.create_default_context(cafile=self.ca_certs, capath=self.ca_path)
        context.check_hostname = self.check_hostname and self.cert_reqs is not ssl.CERT_NONE
        context.verify_mode = self.cert_reqs
        if self.certfile is not None:
            context.load_cert_chain(self.certfile, self.keyfile, self.password or "")  # None asks at the terminal
        return context


class Locator(Protocol):
    """Knows where a server is that may be elsewhere tomorrow."""

    @property
    def words(self) -> str:
        """Which server that is, for people, in one line. Never a password."""

    async def locate(self) -> tuple[str, int]:
        """Its host and port now. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class RedisOptions:
    """How to reach one Redis server, and as whom.

    Attributes:
        host: a name or an address; unused with `unix_path`.
        port: the TCP port.
        unix_path: the server's unix socket; None: TCP.
        username: an ACL user; None: the default user.
        password: None and no username: no AUTH is sent.
        locator: asked for host and port before every connect, if the server is the master of a group; None: they
            stand here.
        db: the database to SELECT.
        tls: None: no TLS.
        cluster: host and port of some nodes of a Redis Cluster, from which all others are learnt; none: one server.
        client_name: under this, `:` and the pipe's name we stand in CLIENT LIST. No blanks.
        connect_timeout_seconds: how long one attempt to connect may take, TLS and greeting included, and how
            long the first connection is tried for before that fails for good.
        silence_seconds: how long Redis may say nothing while it owes an answer before the connection is
            renewed.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    unix_path: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    locator: Locator | None = None
    db: int = 0
    tls: TlsOptions | None = None
    cluster: tuple[tuple[str, int], ...] = ()
    client_name: str = "trio-gearman"
    connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS
    silence_seconds: float = SILENCE_SECONDS

    @property
    def address(self) -> str:
        """Where that is, for people: ``127.0.0.1:6379``, the path of the socket, or who knows. Never a password."""
        if self.locator is not None:
            return self.locator.words
        return self.unix_path if self.unix_path is not None else _spelled(self.host, self.port)

    @property
    def fails_over(self) -> bool:
        """Whether somebody lets a replica take the server's place when it is gone, and asks nobody."""
        return self.locator is not None or bool(self.cluster)

    @property
    def place(self) -> str:
        """The same in a sentence, for one server or for a cluster."""
        return f"the Redis Cluster at {self.cluster_address}" if self.cluster else f"Redis at {self.address}"

    @property
    def cluster_address(self) -> str:
        """The nodes that were named, for people."""
        return ", ".join(_spelled(host, port) for host, port in self.cluster)


def _spelled(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

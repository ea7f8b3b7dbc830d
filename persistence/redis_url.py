"""Reads a Redis URL the way redis-py does, so that the URL an operator has works here too.

redis-py is lenient where we must not be: it ignores what it does not understand, and an option that is
ignored is a setting that is lost. Nothing here repeats any part of the URL in a message, except an option's
name and value: a password that is not percent-encoded ends up in the strangest parts.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import redis.connection

from persistence.options import CONNECT_TIMEOUT_SECONDS, SILENCE_SECONDS, RedisOptions, TlsOptions
from persistence.sentinel import SentinelLocator
from persistence.sentinel_url import SENTINEL_SCHEMES, split_sentinel_url

_parse: Final = cast("Callable[[str], dict[str, object]]", redis.connection.parse_url)

SCHEMES: Final = ("redis", "rediss", "unix")

CLUSTER_SCHEMES: Final = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
"""And what each of the servers would be named by alone."""

ENCODE: Final = "is every / # ? @ in its password percent-encoded?"

CERT_REQS: Final = {"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}

GENERAL: Final = frozenset(
    {
        "client_name", "connection_class", "db", "host", "password", "path", "port", "protocol",
        "socket_connect_timeout", "socket_keepalive", "socket_timeout", "username",
    }
)  # fmt: skip
"""What may stand in any URL. `socket_keepalive` is heeded otherwise: a silent server is asked."""

TLS: Final = frozenset(
    {
        "ssl_ca_certs", "ssl_ca_path", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile",
        "ssl_password",
    }
)  # fmt: skip
"""What may stand in the URL of a TLS connection."""


def parse_redis_url(url: str) -> RedisOptions:
    """Read ``redis://``, ``rediss://`` (TLS) or ``unix://``; options are named as in redis-py.

    ``redis://user:password@host:6379/0?client_name=mail``, ``unix:///run/redis.sock?db=1``,
    ``rediss://host?ssl_ca_certs=/etc/ca.pem``. `socket_connect_timeout` is the connect timeout and
    `socket_timeout` the silence after which a connection is renewed, both in seconds.

    ``redis+cluster://h1:7000,h2:7000`` names some nodes of a Redis Cluster, ``rediss+cluster://`` with TLS; the rest is
    as above, and the same for all of them.
    ``redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0``, or ``rediss+sentinel://``, is the master of
    that name; `sentinel_username` and `sentinel_password` are for the sentinels themselves.

    Raises:
        ValueError: one line that says what is wrong with it, without any password.
    """
    scheme, _, rest = url.partition("://")
    if scheme in SENTINEL_SCHEMES:
        return _sentinel(url)
    return _cluster(CLUSTER_SCHEMES[scheme], rest) if scheme in CLUSTER_SCHEMES else _one_server(url)


def _cluster(scheme: str, rest: str) -> RedisOptions:
    """The options of the node that is named first, and where the others are."""
    named = re.split("[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(named) :]
    credentials, at, hosts = named.rpartition("@")
    if not all(hosts.split(",")):
        raise ValueError("the Redis URL names the nodes of its cluster so: redis+cluster://host:7000,host:7001")
    nodes = [_one_server(f"{scheme}://{credentials}{at}{host}{tail}") for host in hosts.split(",")]
    if nodes[0].db:
        raise ValueError("the Redis URL asks for a database, and a cluster has none but 0: leave it out")
    return replace(nodes[0], cluster=tuple((node.host, node.port) for node in nodes))


def _one_server(url: str) -> RedisOptions:
    scheme, found = _split(url)
    tls = scheme == "rediss"
    for option in found:
        if option in TLS and not tls:
            raise ValueError(f"the Redis URL's option {option} needs rediss://")
        if option not in GENERAL and option not in TLS:
            raise ValueError(f"the Redis URL has an option that means nothing here: {option}; leave it out")
    if found.get("protocol", 3) != 3:
        raise ValueError("the Redis URL asks for another protocol than 3, which is needed here: leave protocol out")
    return RedisOptions(
        host=_text(found, "host") or "127.0.0.1",
        port=_number(found, "port", 6379),
        unix_path=_text(found, "path"),
        username=_text(found, "username"),
        password=_text(found, "password"),
        db=_number(found, "db", 0),
        tls=_tls(found) if tls else None,
        client_name=_client_name(found),
        connect_timeout_seconds=_seconds(found, "socket_connect_timeout", CONNECT_TIMEOUT_SECONDS),
        silence_seconds=_seconds(found, "socket_timeout", SILENCE_SECONDS),
    )


def _sentinel(url: str) -> RedisOptions:
    group = split_sentinel_url(url)
    options = parse_redis_url(group.master_url)
    locator = SentinelLocator(
        name=group.name,
        sentinels=group.sentinels,
        username=group.username,
        password=group.password,
        tls=options.tls,
        patience_seconds=options.connect_timeout_seconds,
    )
    return replace(options, host="", port=0, locator=locator)


def _split(url: str) -> tuple[str, Mapping[str, object]]:
    """The scheme and what redis-py makes of the rest, once it is sure that redis-py overlooks nothing."""
    if url.partition("://")[0] not in SCHEMES:
        raise ValueError(
            "the Redis URL must begin with redis://, rediss:// or unix://, for sentinels with redis+sentinel:// or "
            "rediss+sentinel://, or for a cluster with redis+cluster:// or rediss+cluster://"
        )
    try:
        parts = urlsplit(url)
        found = _parse(url)
    except ValueError as error:
        if str(error).startswith("Invalid value for "):
            raise ValueError(f"the Redis URL: {error}".removesuffix(" in connection URL.")) from None
        raise ValueError(f"the Redis URL cannot be read: is its port up to 65535, and {ENCODE}") from None
    database = "" if parts.scheme == "unix" else parts.path.removeprefix("/")
    if parts.fragment or not (database.isdecimal() or database == ""):
        raise ValueError(f"the Redis URL may end in nothing but the number of a database: {ENCODE}")
    if parts.scheme == "unix" and not (parts.path and "@" not in parts.path and parts.hostname is None):
        raise ValueError("the Redis URL must name its socket by a full path: unix:///run/redis.sock")
    return parts.scheme, found


def _text(found: Mapping[str, object], option: str) -> str | None:
    value = found.get(option)
    return value if isinstance(value, str) else None


def _number(found: Mapping[str, object], option: str, default: int) -> int:
    value = found.get(option, default)
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"the Redis URL's {option} must be a number, 0 or more")
    return value


def _seconds(found: Mapping[str, object], option: str, default: float) -> float:
    value = found.get(option, default)
    if not isinstance(value, float) or not 0 < value < float("inf"):
        raise ValueError(f"the Redis URL's {option} must be a number of seconds above 0")
    return value


def _client_name(found: Mapping[str, object]) -> str:
    name = _text(found, "client_name")
    if name is None:
        return RedisOptions().client_name
    if not all("!" <= character <= "~" for character in name):
        raise ValueError("the Redis URL's client_name must be ASCII without blanks")
    return name


def _tls(found: Mapping[str, object]) -> TlsOptions:
    reqs = _text(found, "ssl_cert_reqs") or "required"
    if reqs not in CERT_REQS:
        raise ValueError(f"the Redis URL's ssl_cert_reqs must be one of {', '.join(CERT_REQS)}")
    if "ssl_keyfile" in found and "ssl_certfile" not in found:
        raise ValueError("the Redis URL's ssl_keyfile needs an ssl_certfile")
    options = TlsOptions(
        ca_certs=_file(found, "ssl_ca_certs"),
        ca_path=_file(found, "ssl_ca_path"),
        certfile=_file(found, "ssl_certfile"),
        keyfile=_file(found, "ssl_keyfile"),
        password=_text(found, "ssl_password"),
        cert_reqs=CERT_REQS[reqs],
        check_hostname=found.get("ssl_check_hostname") is not False,
    )
    try:
        options.context()
    except OSError as error:
        raise ValueError(f"the Redis URL's TLS files cannot be used: {error.strerror or error}") from None
    return options


def _file(found: Mapping[str, object], option: str) -> Path | None:
    """The path this option gives, if it can be opened: better said now than at the first connection."""
    name = _text(found, option)
    if name is None:
        return None
    path = Path(name)
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            path.open("rb").close()
    except OSError as error:
        raise ValueError(f"the Redis URL's {option}={name}: {error.strerror}") from None
    return path

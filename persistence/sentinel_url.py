"""Takes a ``redis+sentinel://`` URL apart: into who is asked, for whom, and the URL of a server as if it stood still.

The rest of what may stand in it is what may stand in any Redis URL, and is read there (`persistence.redis_url`).
Nothing here repeats any part of it in a message, for a password may be in the strangest parts.
"""

from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode

SENTINEL_SCHEMES: Final = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
SENTINEL_PORT: Final = 26379
RIGHT: Final = "as in redis+sentinel://host1:26379,host2:26379/mymaster/0; is a / in a password encoded, as %2F?"


class Group(NamedTuple):
    """A master, its replicas and their sentinels."""

    name: str
    sentinels: tuple[tuple[str, int], ...]
    username: str | None
    password: str | None
    master_url: str
    """The URL of the master, at a host that does not matter."""


def split_sentinel_url(url: str) -> Group:
    """Take it apart. Raises ValueError: one line that says what is wrong with it, without any password."""
    scheme, _, rest = url.partition("://")
    whole_path, _, query = rest.partition("?")
    authority, _, path = whole_path.partition("/")
    login, at, hosts = authority.rpartition("@")
    name, _, database = path.partition("/")
    if not name or "@" in name:
        raise ValueError(f"the Redis URL must name the master behind its sentinels, {RIGHT}")
    options = parse_qsl(query, keep_blank_values=True)
    own = {"sentinel_username": None, "sentinel_password": None} | {
        option: value for option, value in options if option in ("sentinel_username", "sentinel_password")
    }
    others = urlencode([(option, value) for option, value in options if option not in own])
    return Group(
        unquote(name),
        tuple(_place(host) for host in hosts.split(",")),
        own["sentinel_username"],
        own["sentinel_password"],
        f"{SENTINEL_SCHEMES[scheme]}://{login}{at}master/{database}{'?' * bool(others)}{others}",
    )


def _place(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host = text
    number = int(port) if port.isascii() and port.isdecimal() else None if colon else SENTINEL_PORT
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or number is None or not 0 < number < 65536 or (":" in bare) != host.startswith("["):
        raise ValueError(f"the Redis URL must name each sentinel by its host and a port from 1 to 65535, {RIGHT}")
    return bare, number

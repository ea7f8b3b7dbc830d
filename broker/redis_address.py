"""Where the Redis of a URL is.

Reading the URL is redis-py's (`persistence.redis_url`), and importing that is a fifth of a whole start. A
broker on its embedded store has no URL, so the import waits here, and only here, until there is one.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persistence import RedisOptions


def redis_options(url: str) -> "RedisOptions":
    """How to reach the Redis that a URL names.

    Raises:
        ValueError: the URL or one of its options is wrong; one line that says which and repeats no password.
    """
    options: RedisOptions = import_module("persistence.redis_url").parse_redis_url(url)
    return options

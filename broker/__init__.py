"""A Gearman job server, for programs that run one inside: ``from broker import Settings, open_broker, serve``.

What these names bring along (trio, pydantic, the store) is imported when the first of them is asked for and not
here, because ``python -m broker --help`` passes through this file too, and answers in 50 milliseconds instead of
500 (PEP 562).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from broker.app import open_broker, serve
    from broker.core import Broker
    from broker.settings import Settings

__all__ = ["Broker", "Settings", "open_broker", "serve"]

_HOMES: Final = {
    "Broker": "broker.core",
    "Settings": "broker.settings",
    "open_broker": "broker.app",
    "serve": "broker.app",
}


def __getattr__(name: str) -> object:
    """Import what is asked for, and keep it, so that this is called once for each name."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'broker' has no attribute {name!r}; it has {', '.join(__all__)}")
    found: object = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

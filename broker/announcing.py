"""What is said once, when the server listens: to whoever started it, and in the log."""

import logging
from collections.abc import Sequence
from typing import Final

from broker.greeting import greeting
from broker.logs import NOTICE
from broker.settings import Settings
from broker.terminal import show
from broker.version import VERSION

_log: Final = logging.getLogger(__name__)


def announce(settings: Settings, addresses: Sequence[tuple[str, int]], data: str, who: str) -> None:
    """Say where it listens; `who` is which processes, in words."""
    lines = greeting(addresses, data)
    _log.log(NOTICE, "trio-gearman %s, %s. %s", VERSION, who, lines.splitlines()[0])
    if not settings.daemon:
        show(lines)

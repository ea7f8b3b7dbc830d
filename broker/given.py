"""A setting as somebody gave it: still text, and with the place to name when it turns out to be wrong."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Given:
    """One value for one field of the settings."""

    field: str
    value: str
    """As it was typed; ``1`` for a switch."""
    where: str
    """The place, for messages: ``--port``, ``TRIO_GEARMAN_PORT`` or ``/etc/broker.conf:3: --port``."""

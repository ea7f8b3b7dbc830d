"""The last stage of ``python -m broker``: the one that brings trio, the store and everything else along."""

from broker.app import open_broker
from broker.process import run
from broker.sources import Reading


def start(reading: Reading) -> int:
    """Run a broker until a signal ends it; returns the exit status."""
    return run(reading, open_broker)

"""version, getpid, verbose: what this process is."""

import os

from broker.core import Broker
from broker.session import Session
from broker.text.replies import value
from broker.version import VERSION


def on_version(broker: Broker, session: Session, words: list[bytes]) -> None:
    """Which release this is."""
    session.say_bytes(value(VERSION.encode()))


def on_getpid(broker: Broker, session: Session, words: list[bytes]) -> None:
    """The number of this process: of several brokers on one port, of the one that took this connection."""
    session.say_bytes(value(b"%d" % os.getpid()))


def on_verbose(broker: Broker, session: Session, words: list[bytes]) -> None:
    """The least weight that is logged."""
    session.say_bytes(value(broker.settings.verbose.encode()))

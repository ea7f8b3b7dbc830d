"""shutdown, shutdown graceful: gearmand's commands up to 1.1.14, for scripts that still use them."""

import logging
from ipaddress import IPv6Address, ip_address
from typing import Final

from broker.core import Broker
from broker.session import Session
from broker.text.replies import OK, error, incomplete

NOT_ALLOWED: Final = error(b"NOT_ALLOWED", b"shutdown is granted to connections from this machine alone")

log = logging.getLogger(__name__)


def on_shutdown(broker: Broker, session: Session, words: list[bytes]) -> None:
    """Stop the server, all of its processes: ``graceful`` as USR1 does, and without it as TERM does."""
    graceful = len(words) == 2 and words[1].lower() == b"graceful"
    if len(words) > 1 and not graceful:
        session.say_bytes(incomplete(words[0]))
    elif not is_loopback(session.transport.peer):
        log.warning(
            "refused to shut down for %s, who is not on this machine: send the command from here, or a signal",
            session.name,
        )
        session.say_bytes(NOT_ALLOWED)
    else:
        log.warning("%s asked for a shutdown%s", session.name, " by and by" if graceful else "")
        session.say_bytes(OK)
        broker.orders.shut_down(gracefully=graceful)


def is_loopback(peer: str) -> bool:
    """Whether a peer at this address is on this machine. Whatever is no address is not."""
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback

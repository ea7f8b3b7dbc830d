"""What happens when more results wait for the store than may: workers are not read from until there is room.

It is pressure, and no loss: what a worker sends stays in the sockets between us, and then with the worker. Clients are
served as before.
"""

import logging
from typing import TYPE_CHECKING

from persistence.arrears import Arrears

if TYPE_CHECKING:
    from broker.core import Broker

log = logging.getLogger(__name__)


def hold_back_at(broker: "Broker", arrears: Arrears) -> None:
    """Have the sessions of a broker look at this count, and say so when it matters to an operator."""
    told = False

    def full() -> None:
        nonlocal told
        if not broker.store.connected and not told:
            told = True
            log.warning(
                "%d kB of results wait for the store, which is away: workers that have more are not read from until "
                "it is back. --results-limit sets how much is kept",
                arrears.bytes // 1000,
            )

    def room() -> None:
        nonlocal told
        if told:
            told = False
            log.warning("the results that waited for the store are written; workers are read from again")
        for session in broker.sessions:
            session.look_again()

    arrears.on_full, arrears.on_room = full, room

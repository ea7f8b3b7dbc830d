"""The last moments of a connection: a peer that hears no more from us should have heard what we said."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from broker.transport import Transport

if TYPE_CHECKING:
    from broker.session import Session

GOODBYE_SECONDS: Final = 10.0
"""How long a peer that has finished gets to read its last answers; longer than the store may take to give them."""
LINGER_SECONDS: Final = 2.0
"""How long a peer that broke the rules is still listened to. Hanging up on what it sends would reset the connection,
and the ERROR that explains it would be lost on the way."""


async def let_it_hear(session: "Session") -> None:
    """Let the last answers be given and read: a peer that only shut down its sending side still listens."""
    with trio.move_on_after(GOODBYE_SECONDS):
        await session.wait_said()


async def let_it_read_why(transport: Transport) -> None:
    """Let a peer that broke the rules read why it is cut off."""
    with (
        trio.move_on_after(LINGER_SECONDS),
        suppress(OSError, trio.BrokenResourceError, trio.ClosedResourceError),
    ):
        await transport.send_eof()
        while await transport.receive():
            pass

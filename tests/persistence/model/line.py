"""One blocking connection that speaks RESP3: replies in order, and the notices that came between them."""

import socket
from collections.abc import Sequence
from typing import Any

import hiredis

from persistence.replies import NOT_YET, Command, new_reader, pack
from tests.servers import PATIENCE_SECONDS, RedisServer


class Line:
    """Asks several things in one write. Blocking, because a history is one thing after the other."""

    def __init__(self, server: RedisServer) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS)
        self._reader = new_reader()
        self.ask([b"HELLO", 3])

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def ask(self, *commands: Command) -> tuple[list[Any], list[list[bytes]]]:
        """The reply to each command, errors as values, and all pushed messages up to the last of them."""
        self._socket.sendall(b"".join(pack(tuple(command)) for command in commands))
        replies: list[Any] = []
        pushes: list[list[bytes]] = []
        while len(replies) < len(commands):
            said = self._reader.gets()
            if said is NOT_YET:
                data = self._socket.recv(65_536)
                assert data, "the server hung up"
                self._reader.feed(data)
            elif isinstance(said, hiredis.PushNotification):
                pushes.append(list(said))
            else:
                replies.append(said)
        return replies, pushes

    def subscribe(self, channel: bytes) -> None:
        """Hear this channel from now on; the confirmation is a push, and no reply."""
        self._socket.sendall(pack((b"SSUBSCRIBE", channel)))

    def notices(self, pushes: Sequence[list[bytes]]) -> list[bytes]:
        """What was published, of what was pushed."""
        return [push[2] for push in pushes if push[0] == b"smessage"]

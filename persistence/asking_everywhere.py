"""A question that concerns every function, where they are at several servers: each is asked, all at once.

One server answers it in one script (status_unique.lua). Here it takes a trip for the names of all functions, and one to
each server, in which its functions are asked; each on the pipe that carries its writes.
"""

from functools import partial
from typing import Final

from persistence.errors import StoreError
from persistence.link import Link
from persistence.replies import Answer, Command, Reply, expect_bytes, expect_dict, expect_list
from persistence.scripts import HOLDER
from persistence.way import Way

UNKNOWN: Final = b"unknown"


class Everywhere:
    """Asks which job holds a unique; of several, the newest. Answers as status_unique.lua does."""

    def __init__(self, link: Link, unique: bytes, answer: Answer) -> None:
        self._link = link
        self._unique = unique
        self._answer = answer
        self._deadline = link.deadline()
        self._outstanding = 0
        self._failure: StoreError | None = None
        self._handing_in: dict[bytes, bytes] = {}
        self._newest = b""
        self._found: Reply = UNKNOWN

    def ask(self) -> None:
        """Begin. The answer comes within the store timeout."""
        self._link.gathering.close()
        # What is being handed in here may be of a function that is in no list yet. Asked behind that, it is found.
        for function in self._link.functions.all():
            if self._unique in function.unanswered.values():
                self._handing_in[function.digest] = function.name
        self._post(self._link.pipe, [b"HGETALL", self._link.keys.functions], self._named)

    def _post(self, pipe: Way, command: Command, answer: Answer) -> None:
        pipe.post(command, answer, again=lambda: command, deadline=self._deadline)

    def _named(self, reply: Reply) -> None:
        if isinstance(reply, StoreError):
            self._answer(reply)
            return
        functions = expect_dict(reply) | self._handing_in
        self._outstanding = len(functions)
        if not functions:
            self._answer(UNKNOWN)
        for digest, name in functions.items():
            tag = self._link.keys.tag(digest)
            command = HOLDER.call(tag, self._unique)
            self._post(self._link.pipe_with(tag), command, partial(self._told, expect_bytes(name)))

    def _told(self, name: bytes, reply: Reply) -> None:
        self._outstanding -= 1
        if isinstance(reply, StoreError):
            self._failure = reply
        elif reply != UNKNOWN:
            state, stamp, *rest = expect_list(reply)
            if expect_bytes(stamp) > self._newest:
                self._newest, self._found = expect_bytes(stamp), [state, name, *rest]
        if not self._outstanding:
            # A job that was found may still be older than one that could not be asked for.
            self._answer(self._failure or self._found)

r"""How a conversation is written down.

    client > SUBMIT_JOB {f} {u} hello         the client sends a packet: its name, its arguments
    client < JOB_CREATED {H}                  the next that it hears is this one
    worker > CAN_DO {f} + GRAB_JOB            two packets in one write
    worker < JOB_ASSIGN {H} {f} hello
    gearmand: worker < nothing                this line is for gearmand alone ("ours:" for our broker alone)

A peer is a connection; it is opened where its name comes up first. `#` begins a line for the reader only.

What a peer sends (`>`): packets, joined by ` + `; `text WORDS` is a line of the text protocol, ended by CRLF;
`bytes ...` are bytes as they stand; `head TYPE LENGTH` is a header without its body; `drip PACKET` sends a packet byte
by byte; `hang up` ends the connection and waits until the server did so too; `end` shuts down the sending side only.
A type may be a number; `res:` before it takes the magic of responses; `!` behind it leaves out arguments.

What it hears (`<`): packets, joined by ` + `; `text LINE` with its line end; `list ROW / ROW` is a listing up to its
dot, of which only the rows that speak of this dialogue are looked at, in any order; `nothing` says that all who are
there have been answered all they said, and this peer has heard nothing unexpected; `no answer` the same of this peer
alone, and the server may have hung up, which depends on its luck; `closed`: the server hangs up. At the end of a
dialogue every peer that is still there must have heard nothing more, and the server must be there for others.

An argument is a word; only the last may hold blanks. `''` is an empty one, and `\0 \t \r \n \\ \xFF` are as in C, `\s`
is a blank. In what is heard a `*` stands for anything without blanks, and as an argument for anything at all.

Names in braces: `{f} {g} {h}` are functions, `{u} {v}` uniques, `{id}` a client id, of 10 bytes each and of this
dialogue alone; `{f:upper}` is the same in capitals; `{x*80}` is 80 times x; `{now+60}` and `{now-5}` are unix seconds;
`{month}` is a month half a year away. In capitals, such as `{H}`, they stand for what is heard there first, for the
same ever after, and for something else than any other name.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["GEARMAND", "OURS", "Dialogue", "NotationError", "Step", "Verb", "read_script"]

OURS: Final = "ours"
GEARMAND: Final = "gearmand"

_LINE: Final = re.compile(r"(?:(?P<server>ours|gearmand): *)?(?P<peer>[a-z][a-z0-9]*) +(?P<verb>[<>]) +(?P<what>\S.*)")


class NotationError(Exception):
    """A dialogue is not written as the notation wants it; the message is the line."""


class Verb(Enum):
    """What a peer does."""

    SAYS = ">"
    HEARS = "<"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a conversation."""

    server: str | None
    """The one server that it is held with; None for both."""
    peer: str
    verb: Verb
    what: str

    def __str__(self) -> str:
        return f"{self.peer} {self.verb.value} {self.what}"


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One promise of the protocol, and the conversation that shows it.

    Args:
        promise: a sentence; it is the name of the test.
        script: the conversation.
        because: why the servers differ; given if and only if some of the lines are for one of them alone.
        flags: what the servers' command lines have more.
        alone: whether it needs servers that nobody has talked to before.
    """

    promise: str
    script: str
    because: str = ""
    flags: tuple[str, ...] = ()
    alone: bool = False

    def steps(self, server: str) -> list[Step]:
        """The conversation with this server."""
        return [step for step in read_script(self.script) if step.server in (None, server)]

    @property
    def differs(self) -> bool:
        """Whether the servers are meant to answer differently."""
        return any(step.server is not None for step in read_script(self.script))


def read_script(script: str) -> list[Step]:
    """The lines of a script, without remarks and empty ones. Raises NotationError."""
    steps = []
    for line in script.splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            read = _LINE.fullmatch(line)
            if read is None:
                raise NotationError(line)
            steps.append(Step(read["server"], read["peer"], Verb(read["verb"]), read["what"]))
    return steps

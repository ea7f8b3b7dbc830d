"""The Lua scripts: one file per transition, put together and named by the digest under which Redis knows them.

A file's head names its parameters and what it returns; ``-- @include a b`` brings in the shared parts of
``scripts/includes``, and the key names come from `persistence.keys`. What is sent to Redis is EVALSHA; every
connection loads all scripts first, so a missing one means that the server was changed under us.

Lua makes the functions of a script anew at each call, when it comes to where they stand: a part that few calls need is
included behind the `return` of the others.

A head that says ``-- @each a b`` makes a script for many: its body is run for each of them, and all answers are
returned. What is sent to it are the other parameters, then ``a b`` of each, one after the other. ``-- @first c`` names
a function that is tried on all of them before that: it returns all answers, or nil when it has done nothing. What the
head includes behind it is made only then.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from persistence.keys import spelled

FOLDER: Final = Path(__file__).with_name("scripts")


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its name, the text Redis gets, and the digest by which it is called."""

    name: str
    text: str
    sha: bytes

    def call(self, tag: bytes, *arguments: bytes | int) -> list[bytes | int]:
        """The command that runs it on the function with this tag."""
        return [b"EVALSHA", self.sha, 1, tag, *arguments]


def compose(name: str) -> Script:
    """Put a script together from its file. Raises OSError or ValueError when the installation is broken."""
    shebang, source = (FOLDER / f"{name}.lua").read_text("utf-8").split("\n", 1)
    logic = _bare(re.sub(r"^-- @include +(.*)$", _parts, _for_each(source), flags=re.MULTILINE))
    text = f"{shebang}\n{spelled(logic)}\n{logic}"
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().encode())


def _parts(named: re.Match[str]) -> str:
    """What is to stand where parts are named."""
    return "\n".join((FOLDER / "includes" / f"{part}.lua").read_text("utf-8") for part in named[1].split())


def _for_each(source: str) -> str:
    """The source with its body in a loop over all it is to be run for, if its head says so."""
    each = re.search(r"^-- @each +(.*)$", source, re.MULTILINE)
    if each is None:
        return source
    body = re.sub(r"\A(--.*\n)+", "", source)
    head = source.removesuffix(body)
    names, own = re.findall(r"^-- ARGV\[\d+\] +(\w+)", head, re.MULTILINE), each[1].split()
    shared = [name for name in names if name not in own]
    places = {name: f"ARGV[{at}]" for at, name in enumerate(shared, 1)}
    places |= {name: f"ARGV[at + {at}]" for at, name in enumerate(own)}
    attempt = r"local done = \1(ARGV)\nif done then return done end"
    return (
        re.sub(r"^-- @first +(.*)$", attempt, head, flags=re.MULTILINE)
        + f"local function each(ARGV)\n{body}end\nlocal answers = {{}}\n"
        f"for at = {len(shared) + 1}, #ARGV, {len(own)} do\n"
        f"  answers[#answers + 1] = each({{ {', '.join(places[name] for name in names)} }})\nend\nreturn answers\n"
    )


def _bare(text: str) -> str:
    """The text without comment lines: the server need not keep our prose."""
    return re.sub(r"^\s*--.*\n", "", text, flags=re.MULTILINE)


ENQUEUE: Final = compose("enqueue")
ADOPT: Final = compose("adopt")
CLAIM: Final = compose("claim")
FINISH: Final = compose("finish")
REQUEUE: Final = compose("requeue")
PROGRESS: Final = compose("progress")
STATUS: Final = compose("status")
STATUS_UNIQUE: Final = compose("status_unique")
HOLDER: Final = compose("holder")
DETACH: Final = compose("detach")
POST: Final = compose("post")
TRIM: Final = compose("trim")
REJOIN: Final = compose("rejoin")
ATTEND: Final = compose("attend")
FENCE: Final = compose("fence")
DUE: Final = compose("due")
SWEEP: Final = compose("sweep")
LEAVE: Final = compose("leave")
RENEW: Final = compose("renew")
CANCEL: Final = compose("cancel")
REVIVE: Final = compose("revive")
INTRODUCE: Final = compose("introduce")
DROP: Final = compose("drop")
DISCARD: Final = compose("discard")
VOID: Final = compose("void")
LIMIT: Final = compose("limit")
PAGE: Final = compose("page")
PAGE_DEAD: Final = compose("page_dead")
PROBE: Final = compose("probe")
ALL: Final = (
    ENQUEUE, ADOPT, CLAIM, FINISH, REQUEUE, PROGRESS, STATUS, STATUS_UNIQUE, HOLDER, DETACH, POST, TRIM, REJOIN, ATTEND,
    FENCE, DUE, SWEEP, LEAVE, RENEW, CANCEL, REVIVE, INTRODUCE, DROP, DISCARD, VOID, LIMIT, PAGE, PAGE_DEAD, PROBE,
)  # fmt: skip

"""Who and what a dialogue talks of: names of its own, and what it has learnt."""

import re
import time
import uuid
from typing import Final

from tests.dialogues.notation import NotationError
from tests.dialogues.spelling import unescape

__all__ = ["Cast"]

SHORT_HANDLE: Final = 63
"""libgearman keeps no longer handle."""
HALF_A_YEAR: Final = 182 * 24 * 3600

_BRACES: Final = re.compile(r"\{([^{}]+)\}")
_TIMES: Final = re.compile(r"(.)\*([0-9]+)")
_TIME: Final = re.compile(r"now([+-][0-9]+)?")


class Cast:
    """The names in braces, for one performance of one dialogue."""

    def __init__(self) -> None:
        self.token = uuid.uuid4().hex[:8]
        self.learnt: dict[str, bytes] = {}
        self._began = int(time.time())

    def spell(self, text: str) -> bytes:
        """The bytes of something that is sent: names filled in, escapes resolved."""
        return unescape(_BRACES.sub(lambda braces: self._known(braces[1]), text))

    def matches(self, wanted: str, heard: bytes) -> bool:
        """Whether this was heard. A `*` stands for anything but blanks.

        A name in capitals learns what it stands for the first time: nothing that another one stands for.
        """
        pieces = _BRACES.split(wanted)
        if not any("*" in piece for piece in pieces[::2]) and not any(map(self._is_new, pieces[1::2])):
            return self.spell(wanted) == heard  # a pattern of a million letters takes its time
        pattern, first = b"", []
        for index, part in enumerate(pieces):
            if index % 2 == 0:
                pattern += rb"[^\s\0]*".join(re.escape(unescape(piece)) for piece in part.split("*"))
            elif self._is_new(part):
                first.append(part)
                pattern += b"(?P<%b>[^\\s\\0]+)" % part.encode()
            else:
                pattern += re.escape(unescape(self._known(part)))
        found = re.fullmatch(pattern, heard, re.DOTALL)
        if found is None:
            return False
        new = [found[name] for name in first]
        if any(said in self.learnt.values() or len(said) > SHORT_HANDLE for said in new):
            return False
        self.learnt.update(zip(first, new, strict=True))
        return True

    def concerns(self, row: bytes) -> bool:
        """Whether the row of a listing speaks of this dialogue."""
        return self.token.encode() in row.lower() or row.partition(b"\t")[0] in self.learnt.values()

    @property
    def handle(self) -> bytes | None:
        """The handle that was learnt last."""
        return next((said for said in reversed(self.learnt.values()) if said.startswith(b"H:")), None)

    def _is_new(self, name: str) -> bool:
        return name[0].isupper() and name not in self.learnt

    def _known(self, name: str) -> str:
        if times := _TIMES.fullmatch(name):
            return times[1] * int(times[2])
        if moment := _TIME.fullmatch(name):
            return str(self._began + int(moment[1] or 0))
        if name == "month":
            return str(time.gmtime(self._began + HALF_A_YEAR).tm_mon)
        if name[0].isupper():
            if name not in self.learnt:
                raise NotationError(f"{{{name}}} was not heard yet")
            return self.learnt[name].decode("latin-1")
        base, _, form = name.partition(":")
        own = f"{base}-{self.token}"[:10].ljust(10, "x") if base != "id" else f"id{self.token}"
        return own.upper() if form == "upper" else own

"""Strays: lost brokers of which no presence tells any more. They are known by the names that they left in functions.

A broker that was stopped, and taken for lost meanwhile, goes on under its old name until it is refused: in a function
that came since, and where nobody fenced it, that is obeyed. On a cluster a presence and a run are at different nodes.
Of a broker that dies just as the node with the presences fails over, before its first raise has come to the replica,
the runs are there and the presence is not. Either way nobody would see it stand still. But wherever it had to do with a
function, its name stands among those that may write there, until it is fenced.
"""

from typing import Final

from persistence.in_reach import AT_ONCE, each_in_reach
from persistence.link import Link
from persistence.records import Incarnation
from persistence.replies import expect_bytes, expect_dict, expect_list
from persistence.way import Way

FENCED: Final = b"fenced"


class Strays:
    """Looks for names that are in use somewhere, and that no presence bears."""

    def __init__(self, link: Link, bulk: Way) -> None:
        self._link = link
        self._bulk = bulk
        self._seen: frozenset[Incarnation] = frozenset()

    async def find(self) -> frozenset[Incarnation]:
        """Those that had no presence at the last look either, and so none in between.

        Who lives raises its presence again soon after it was lost: looks must be a TTL apart, at least.

        Raises:
            StoreError: not everything could be seen. What was seen before is forgotten then, for whoever was missing
                may only have been cut off as we were.
        """
        before, self._seen = self._seen, frozenset()
        named = await self._named()
        # Asked behind that: who came meanwhile raised its presence before it left its name anywhere.
        beats = expect_dict(await self._bulk.ask(b"HGETALL", self._link.keys.beats))
        self._seen = frozenset(named - beats.keys() - {self._link.incarnation})
        return self._seen & before

    def forget(self) -> None:
        """We were cut off: others may have been, and raise their presences again."""
        self._seen = frozenset()

    async def _named(self) -> set[Incarnation]:
        keys, named = self._link.keys, set[Incarnation]()
        digests = expect_list(await self._bulk.ask(b"HKEYS", keys.functions))

        async def look(tag: bytes) -> None:
            entries = expect_dict(await self._bulk.ask(b"HGETALL", keys.incarnations(tag)))
            named.update(
                Incarnation(name) for name, entry in entries.items() if not expect_bytes(entry).startswith(FENCED)
            )

        await each_in_reach(self._bulk, [keys.tag(expect_bytes(digest)) for digest in digests], look, AT_ONCE)
        return named

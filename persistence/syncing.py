"""Whether the server syncs to its disk before it answers. Looked at on every connect: it may be another one by then.

With `appendfsync always` the write is on the disk before the reply leaves, so there is nothing to wait for
and nothing to ask per job: how the server is configured is the whole matter.
"""

from typing import Final

from persistence.errors import StoreError, StoreForgetsError, StoreRefusedError
from persistence.handshake import Ask
from persistence.replies import Reply

WANTED: Final = {b"appendonly": b"yes", b"appendfsync": b"always", b"no-appendfsync-on-rewrite": b"no"}
"""The last one: else nothing is synced for as long as the file is being rewritten."""

DEMAND: Final = "--durability fsync wants every job on its disk before it is accepted"
SPELLED: Final = ", ".join(f"{option.decode()} {value.decode()}" for option, value in WANTED.items())


async def check_that_it_syncs(ask: Ask, address: str, *, vouched: bool) -> None:
    """Raise StoreForgetsError if this server does not, or does not let us see and nobody has vouched for it."""
    (found,) = await ask.many([(b"CONFIG", b"GET", *WANTED)])
    if isinstance(found, dict) and found.keys() == WANTED.keys():
        wrong = _differences(found)
        if wrong:
            raise StoreForgetsError(
                f"{DEMAND}, and Redis at {address} runs with {wrong}: "
                f"set {SPELLED} there, or choose another --durability"
            )
        return
    if isinstance(found, StoreError) and not isinstance(found, StoreRefusedError):
        raise found
    if not vouched:
        reason = str(found) if isinstance(found, StoreRefusedError) else "CONFIG GET leaves them out"
        raise StoreForgetsError(
            f"{DEMAND}, and Redis at {address} does not show its settings ({reason}): let this user have CONFIG|GET, "
            f"or vouch for {SPELLED} by --vouch-fsync"
        )
    await _contradict(ask, address)


async def _contradict(ask: Ask, address: str) -> None:
    """Whoever vouches may be wrong about what INFO still shows."""
    (info,) = await ask.many([(b"INFO", b"persistence")])
    if isinstance(info, bytes) and b"aof_enabled:0" in info:
        raise StoreForgetsError(
            f"{DEMAND}, and Redis at {address} has no append-only file, whatever --vouch-fsync says: "
            f"set {SPELLED} there, or choose another --durability"
        )


def _differences(found: dict[bytes, Reply]) -> str:
    return ", ".join(
        f"{option.decode()} {value.decode('utf-8', 'replace')}"
        for option, right in WANTED.items()
        if isinstance(value := found[option], bytes) and value != right
    )

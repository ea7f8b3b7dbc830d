"""Whether a Redis that somebody else configured keeps what it has confirmed.

INFO is asked and not CONFIG, which many who rent out a Redis forbid. What the figures mean for a job is said in
words, for it is the operator who must decide.
"""

from collections.abc import Iterator
from typing import Final

from persistence.errors import StoreRefusedError
from persistence.replies import expect_bytes
from persistence.way import Server

FORGETS: Final = (
    "a failover forgets what the replica had not got yet, whatever --durability fsync says: choose replica:1, or let "
    "the functions that must outlive one have --function-durability NAME=replica:1"
)
CANNOT_TELL: Final = "nobody can tell how it is configured: allow this user the command INFO"


async def weaknesses(server: Server, *, trusts_its_disk: bool) -> list[str]:
    """By what this server may lose a job that it has confirmed, a clause each; none is as it should be.

    Args:
        server: as it is now.
        trusts_its_disk: nothing but the server's disk is waited for, though a replica without that disk may take the
            server's place. Who waits for nothing has not been promised more.

    Raises:
        StoreError: it does not answer.
    """
    facts: dict[bytes, bytes] = {}
    for section in (b"persistence", b"memory", b"replication"):
        try:
            info = expect_bytes(await server.ask(b"INFO", section))
        except StoreRefusedError:
            return [CANNOT_TELL]
        facts.update((name, value) for name, _, value in (line.partition(b":") for line in info.splitlines()))
    return list(_read(facts, trusts_its_disk=trusts_its_disk))


def _read(facts: dict[bytes, bytes], *, trusts_its_disk: bool) -> Iterator[str]:
    if facts.get(b"aof_enabled") != b"1":
        yield "it has no append-only file, so its end loses jobs: set appendonly yes"
    policy = facts.get(b"maxmemory_policy", b"noeviction")
    if policy != b"noeviction":
        yield f"it evicts keys when its memory is full ({policy.decode()}): set maxmemory-policy noeviction"
    if trusts_its_disk and facts.get(b"connected_slaves", b"0") != b"0":
        yield FORGETS

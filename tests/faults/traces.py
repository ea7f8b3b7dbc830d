"""What must not be left in Redis when all jobs of a function are over."""

from typing import Any

from persistence.keys import Keys, digest_of

ENDS = (b"completed", b"failed", b"dead", b"dropped")
FIGURES = (b"queued0", b"queued1", b"queued2", b"scheduled")


def nothing_is_left(client: Any, prefix: str, function: bytes) -> None:
    """No record, no run, no unique, no listener; and the counters say so too."""
    tag = Keys(prefix.encode()).tag(digest_of(function))
    for key in (b"jobs", b"runs", b"uniques", b"scheduled", b"listeners"):
        assert not client.exists(tag + b":" + key), key
    for key in client.keys("*"):
        assert not key.startswith((tag + b":running:", tag + b":attending:")), key
    counted = {name: int(value) for name, value in client.hgetall(tag + b":function").items() if name != b"name"}
    assert not any(counted.get(figure) for figure in FIGURES), counted
    assert counted[b"submitted"] == sum(counted.get(end, 0) for end in ENDS), counted


def over(client: Any, prefix: str, function: bytes) -> int:
    """How many jobs of a function ended with a result or a failure, as its counters have it."""
    keys = Keys(prefix.encode())
    counted = client.hmget(keys.function(keys.tag(digest_of(function))), "completed", "failed")
    return sum(int(count or 0) for count in counted)


def all_mail_is_read(client: Any, prefix: str, function: bytes) -> bool:
    """Whether every mailbox is empty. That of a broker which lives stays: its next entry must come behind the last."""
    tag = Keys(prefix.encode()).tag(digest_of(function))
    return not any(client.xlen(key) for key in client.keys("*") if key.startswith(tag + b":mailbox:"))

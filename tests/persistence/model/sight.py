"""What Redis holds of one function, read in one trip and put into the model's words."""

import re
import struct
from collections.abc import Callable
from typing import Any, Final

from persistence.keys import FUNCTION_KEYS, INCARNATION_KEYS, QUEUE_KEYS
from persistence.replies import Command
from tests.persistence.model.life import Life
from tests.persistence.model.standing import Standing

RUN: Final = struct.Struct(">IHIII")
REMAINS: Final = struct.Struct(">IH")
INCARNATION_LENGTH: Final = 7
STAMP_LENGTH: Final = 7
"""Since when a job holds its unique stands before its id."""
COUNTERS: Final = ("submitted", "coalesced", "completed", "failed", "dead", "dropped", "retried", "requeued")

Sight = dict[str, Any]
"""Plain values, the same for Redis and for the model, so that pytest shows where they differ."""

READ: Final[dict[str, Callable[[bytes], Command]]] = {
    "hash": lambda key: [b"HGETALL", key],
    "list": lambda key: [b"LRANGE", key, 0, -1],
    "set": lambda key: [b"SMEMBERS", key],
    "zset": lambda key: [b"ZRANGE", key, 0, -1, b"WITHSCORES"],
    "stream": lambda key: [b"XRANGE", key, b"-", b"+"],
}


def reading(tag: bytes, incarnations: list[bytes], large: list[bytes]) -> list[Command]:
    """The commands that read everything; `seen` takes their replies. The kinds are those that keys.py says.

    `large` are the jobs whose payloads are beside their records.
    """
    commands = [READ[kind.split()[0]](tag + b":" + name.encode()) for name, kind in FUNCTION_KEYS.items()]
    for queue in QUEUE_KEYS:
        commands += [READ["list"](tag + b":" + queue.encode() + behind) for behind in (b"", b":swept")]
    for incarnation in incarnations:
        commands += [
            READ[kind.split()[0]](tag + b":" + name.encode() + b":" + incarnation)
            for name, kind in INCARNATION_KEYS.items()
        ]
    return commands + [[b"PTTL", tag + b":payload:" + job] for job in large]


def seen(
    replies: list[Any], incarnations: list[bytes], large: list[bytes]
) -> tuple[Sight, list[list[bytes]], dict[str, list[int]]]:
    """What stands in Redis; the queues with their ghosts; and how many ghosts are counted."""
    said = iter(replies)
    by_name = {name: next(said) for name in FUNCTION_KEYS}
    queues = [_whole(next(said), next(said)) for _ in QUEUE_KEYS]
    own = {name: {key: next(said) for key in INCARNATION_KEYS} for name in incarnations}
    lives = {job: next(said) for job in large}
    jobs, fields = by_name["jobs"], {name.decode(): value for name, value in by_name["function"].items()}
    sight: Sight = {
        "jobs": jobs,
        "payloads": {job: milliseconds == -1 for job, milliseconds in lives.items() if milliseconds != -2},
        "runs": {job: _run(packed) for job, packed in by_name["runs"].items()},
        "uniques": {unique: held[STAMP_LENGTH:] for unique, held in by_name["uniques"].items()},
        "queues": [[job for job in queue if job in jobs] for queue in queues],
        "scheduled": [(job, int(score)) for job, score in by_name["scheduled"]],
        "listeners": {job: _split(joined) for job, joined in by_name["listeners"].items()},
        "running": {name: [job for job, _ in reversed(own[name]["running"])] for name in incarnations},
        "attending": {name: set(own[name]["attending"]) for name in incarnations},
        "mail": {name: [_mail(entry) for entry in own[name]["mailbox"]] for name in incarnations},
        "held": {name: int(held.split()[0]) for name, held in by_name["mail"].items()},
        "dead": {job for job, _ in by_name["dead"]},
        "remains": {job: (*REMAINS.unpack(kept[:6]), kept[6:]) for job, kept in by_name["remains"].items()},
        "standing": {name: _standing(entry) for name, entry in by_name["incarnations"].items()},
        "counters": {name: int(fields[name]) for name in COUNTERS if fields.get(name, b"0") != b"0"},
        "waiting": [int(fields.get(f"queued{priority}", 0)) for priority in range(3)],
        "scheduled count": int(fields.get("scheduled", 0)),
    }
    return sight, queues, {"ghosts": [int(fields.get(f"ghosts{priority}", 0)) for priority in range(3)]}


def expected(life: Life, incarnations: list[bytes]) -> Sight:
    """The same of the model."""
    jobs = life.jobs
    return {
        "jobs": {job.id: job.record for job in jobs.values()},
        "payloads": life.payloads,
        "runs": {
            job.id: (job.attempt, job.charged, *job.progress, job.said, job.owner)
            for job in jobs.values()
            if job.attempt
        },
        "uniques": {job.unique: job.id for job in jobs.values() if job.unique},
        "queues": [[job for job in queue if job in jobs] for queue in life.queues],
        "scheduled": [(job.id, job.run_at) for job in life.jobs.scheduled()],
        "listeners": {job.id: job.listeners for job in jobs.values() if job.listeners},
        "running": {name: [job.id for job in life.jobs.running(name)] for name in incarnations},
        "attending": {name: set(life.jobs.attending(name)) for name in incarnations},
        "mail": {name: life.mail.letters.get(name, []) for name in incarnations},
        "held": life.mail.held,
        "dead": set(life.dead),
        "remains": life.dead,
        "standing": life.standing,
        "counters": {name: life.counters[name] for name in COUNTERS if life.counters[name]},
        "waiting": [sum(job in jobs for job in queue) for queue in life.queues],
        "scheduled count": len(life.jobs.scheduled()),
    }


def _whole(queue: list[bytes], swept: list[bytes]) -> list[bytes]:
    """A queue in its order, the part of it that was swept where its mark stands."""
    assert queue.count(b"") == bool(swept), "a sweep has lost its mark, or left one"
    at = queue.index(b"") if swept else len(queue)
    return queue[:at] + swept + queue[at + 1 :]


def _run(packed: bytes) -> tuple[Any, ...]:
    return (*RUN.unpack(packed[: RUN.size]), packed[RUN.size :])


def _split(joined: bytes) -> list[bytes]:
    return [joined[at : at + INCARNATION_LENGTH] for at in range(0, len(joined), INCARNATION_LENGTH)]


def _mail(entry: list[Any]) -> tuple[bytes, ...]:
    fields = entry[1]
    return (fields[1], fields[3], fields[5])


def _standing(entry: bytes) -> Standing:
    found = re.fullmatch(rb"(fenced \d+ )?(\d+) (\d+)((?: \d+-\d+)*)", entry)
    assert found is not None, entry
    still_open: set[int] = set()
    for first, last in re.findall(rb"(\d+)-(\d+)", found[4]):
        still_open |= set(range(int(first), int(last) + 1))
    return Standing(int(found[2]), int(found[3]), still_open, bool(found[1]))

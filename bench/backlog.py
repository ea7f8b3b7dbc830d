"""What does a queued job take of memory, and how fast does a queue grow without workers, and shrink without clients?"""

from dataclasses import replace

from bench.contest import Options, Scenario, main
from bench.contestants import Running
from bench.load import Load
from bench.machine import memory_bytes
from bench.measuring import OTHERS, Measured, measure
from bench.peers import UNIQUE_BYTES

FILL = Load(clients=8, window=64, drains=False)
DRAIN = Load(workers=16)
OVERHEAD = "Redis bytes/job beyond its own"
GROWTH = "server bytes/job"


def take(running: Running, options: Options) -> Measured:
    """Queue, look at the memory, run.

    A server's memory is looked at from half of the queue to the whole: what its allocator keeps of the first burst of
    submits, and would keep of a burst without a queue, does not grow with the queue.
    """
    stored = _stored(running)
    half = replace(options.fit(FILL), jobs=options.jobs // 2, seconds=options.fill_seconds / 2)
    first = measure(running, half)
    memory = memory_bytes(running.pid)
    fill = measure(running, half)
    jobs = int(first["submitted"] + fill["submitted"])
    own = FILL.payload_bytes + UNIQUE_BYTES
    figures = {
        "queued": float(jobs),
        "submits/s": fill["submits/s"],
        GROWTH: (memory_bytes(running.pid) - memory) / fill["submitted"],
        OVERHEAD: (_stored(running) - stored) / jobs - own if running.redis else 0.0,
    }
    drain = measure(running, replace(options.fit(DRAIN), queued_before=jobs))
    figures |= {title: drain[title] for title in ("load CPU", "server us/job", "Redis us/job")}
    return {**figures, "drained/s": drain["jobs/s"], OTHERS: max(fill[OTHERS], drain[OTHERS])}


def _stored(running: Running) -> int:
    return int(running.redis.client().info("memory")["used_memory"]) if running.redis else 0


SCENARIO = Scenario(
    "backlog",
    __doc__ or "",
    take,
    ("submits/s", "drained/s", OVERHEAD, GROWTH, "queued", "server us/job", "Redis us/job"),
)

if __name__ == "__main__":
    main(SCENARIO)

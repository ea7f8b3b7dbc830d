"""What gearmand's queue modules wrote, read: jobs at rest in a store that is not ours.

Each reader gives a queue in batches of bounded size, says of every entry what it is or why it cannot be taken for
a job, and changes nothing unless it is told to delete. What becomes of the jobs is not known here. All of it is
blocking code, to be called in a worker thread, one call at a time. Read on the source and the bytes of gearmand 1.1.20.
"""

from persistence.gearmand.entries import Batch, Entry, QueueReader, Refused, SourceError
from persistence.gearmand.redis_queue import open_redis_queue
from persistence.gearmand.sqlite_queue import open_sqlite_queue

__all__ = [
    "Batch",
    "Entry",
    "QueueReader",
    "Refused",
    "SourceError",
    "open_redis_queue",
    "open_sqlite_queue",
]

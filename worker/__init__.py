"""A Gearman worker for trio: async functions that run jobs, many at a time.

async def send_email(job: Job) -> bytes:
    await job.progress(1, 3)
    return b"sent"

await run_worker("127.0.0.1:4730", {"sendEmail": send_email}, concurrency=4)
"""

from worker.abilities import JobFunction
from worker.errors import JobFailed
from worker.job import Job
from worker.run import run_worker

__all__ = ["Job", "JobFailed", "JobFunction", "run_worker"]

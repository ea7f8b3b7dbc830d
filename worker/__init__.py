"""A Gearman worker for trio: functions that run jobs, many at a time.

worker = Worker(concurrency=4)

@worker.register("sendEmail", timeout=30)
async def send_email(job: Job) -> bytes:
    await job.progress(1, 3)
    return b"sent"

trio.run(worker.run_until_signalled, "127.0.0.1:4730")
"""

from peer import JSON, Codec, Function, PayloadError
from worker.abilities import JobFunction
from worker.context import JobLogFilter, current_job
from worker.errors import JobFailed, JobGivenUp
from worker.job import Job
from worker.run import run_worker
from worker.threads import ThreadJob
from worker.worker import Middleware, Worker

__all__ = [
    "JSON",
    "Codec",
    "Function",
    "Job",
    "JobFailed",
    "JobFunction",
    "JobGivenUp",
    "JobLogFilter",
    "Middleware",
    "PayloadError",
    "ThreadJob",
    "Worker",
    "current_job",
    "run_worker",
]

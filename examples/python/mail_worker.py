"""Sends the e-mails that mail_client.py queues, one recipient after the other.

usage: python examples/python/mail_worker.py [HOST [PORT]]
"""

import json
import sys

import trio

from worker import Job, run_worker


async def send_email(job: Job) -> bytes:
    """One e-mail; what is returned is the job's result."""
    mail = json.loads(job.payload)
    total = len(mail["to"])
    for done, recipient in enumerate(mail["to"]):
        await job.progress(done, total)
        await trio.sleep(0.3)  # here the mail server would be spoken to
        print(f'sent "{mail["subject"]}" to {recipient}', flush=True)
    await job.progress(total, total)
    return b"sent"


async def main(server: str) -> None:
    """Works until it is told to stop; when the broker restarts, it connects again by itself."""
    print("waiting for e-mails", flush=True)
    await run_worker(server, {"sendEmail": send_email})


try:
    trio.run(main, ":".join(sys.argv[1:]) or "127.0.0.1:4730")
except* KeyboardInterrupt:
    pass  # it is ended so

"""The worker of the demo, a process of its own.

usage: python -m examples.demo.mail_worker SERVER LEDGER HANG_AT

In the middle of the mail number HANG_AT, counted from 1, the mail server stops answering; 0 is never.
"""

import sys
from pathlib import Path

import trio

from examples.demo.ledger import Ledger
from worker import Job, run_worker

PARTS = 4
PART_SECONDS = 0.02


class Transport:
    """Stands for a mail server; sends one mail in PARTS parts, and keeps the ledger."""

    def __init__(self, ledger: Ledger, hang_at: int) -> None:
        self._ledger = ledger
        self._hang_at = hang_at
        self._begun = 0

    async def send(self, job: Job) -> bytes:
        """Sends the mail that the job carries."""
        self._begun += 1
        self._ledger.note("begun", job.handle, job.payload)
        for part in range(1, PARTS + 1):
            await trio.sleep(PART_SECONDS)
            await job.progress(part, PARTS)
            if self._begun == self._hang_at and part == PARTS // 2:
                await trio.sleep_forever()
        self._ledger.note("sent", job.handle, job.payload)
        return b"sent"


async def main(server: str, ledger: str, hang_at: str) -> None:
    """Sends one mail after the other until it is stopped."""
    transport = Transport(Ledger(Path(ledger)), int(hang_at))
    await run_worker(server, {"sendEmail": transport.send}, concurrency=1)


if __name__ == "__main__":
    trio.run(main, sys.argv[1], sys.argv[2], sys.argv[3])

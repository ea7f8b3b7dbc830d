"""The library `pygearman`, a fork of python-gearman for Python 3, as the worker of tests/interop/ends.py.

usage: pygearman_worker.py HOST PORT TRADE.NAME...
"""

import sys
import time

import gearman


def as_text(word):
    return word.decode() if isinstance(word, bytes) else word


def as_bytes(data):
    return data if isinstance(data, bytes) else data.encode()


def record(worker, job):
    print("ran", as_text(job.handle), as_text(job.unique), as_bytes(job.data).hex(), flush=True)
    return b"recorded"


def step(worker, job):
    print("started", as_text(job.handle), flush=True)
    for done in (1, 2):
        sys.stdin.readline()
        worker.send_job_status(job, done, 2)
    sys.stdin.readline()
    return b"stepped"


def talk(worker, job):
    worker.send_job_status(job, 1, 2)
    worker.send_job_data(job, b"Dear ")
    worker.send_job_warning(job, b"no surname")
    worker.send_job_status(job, 2, 2)
    return job.data


def raise_(worker, job):
    raise ValueError("the mailbox is full")


TRADES = {"record": record, "step": step, "talk": talk, "raise": raise_, "fail": raise_}


class Worker(gearman.GearmanWorker):
    """A worker that tells its clients why it failed, which this library does not do by itself."""

    def on_job_exception(self, current_job, exc_info):
        if as_text(current_job.task).startswith("raise"):
            self.send_job_exception(current_job, str(exc_info[1]).encode())
            return False
        return super().on_job_exception(current_job, exc_info)


def main():
    worker = Worker([f"{sys.argv[1]}:{sys.argv[2]}"])
    for function in sys.argv[3:]:
        worker.register_task(function.encode(), TRADES[function.split(".")[0]])  # a name in text is never found again
    while True:
        try:
            worker.work()
        except gearman.errors.ServerUnavailable:
            time.sleep(0.02)  # the server restarts; the library itself waits a second between two attempts


main()
